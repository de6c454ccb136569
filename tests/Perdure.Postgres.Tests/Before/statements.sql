-- The statements that the version before sends, as it was when schema 5 was the newest. Moved forward with the schema: when it comes to a version, what the one before sent is put here.

-- Commands for instances of lanes that another node owns.

-- name: inbox-send
INSERT INTO inbox (lane, receiver, key, body, sent_at) VALUES ($1, $2, $3, $4, floor(extract(epoch FROM clock_timestamp()) * 1000)::int8) ON CONFLICT (receiver, key) DO NOTHING

-- The command that was kept under the key, now or before.
-- name: inbox-find
SELECT position, answer FROM inbox WHERE receiver = $1 AND key = $2

-- name: inbox-open
SELECT position, receiver, key, body FROM inbox WHERE lane = $1 AND answered_at IS NULL ORDER BY position LIMIT $2

-- An answer that is not final gives its key free.
-- name: inbox-answer
UPDATE inbox SET answer = $2, answered_at = floor(extract(epoch FROM clock_timestamp()) * 1000)::int8, key = CASE WHEN $3 THEN key ELSE key || ' #' || position END WHERE position = $1 AND answered_at IS NULL

-- name: inbox-answers
SELECT position, answer FROM inbox WHERE position = ANY ($1) AND answered_at IS NOT NULL

-- name: inbox-clear
DELETE FROM inbox WHERE position IN (
  SELECT position FROM inbox WHERE answered_at < floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 - $1 ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED)

-- name: be-durable
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')

-- name: lock-schema
SELECT pg_advisory_xact_lock(hashtextextended('perdure schema ' || $1, 0))

-- name: hold-schema
SELECT pg_advisory_lock(hashtextextended('perdure schema ' || $1, 0))

-- name: free-schema
SELECT pg_advisory_unlock(hashtextextended('perdure schema ' || $1, 0))

-- name: pause
SELECT pg_sleep(0.1)

-- name: is-vacuumed
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND n.nspname = $1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))

-- name: inspect
SELECT n.oid IS NOT NULL, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm')),
  (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname IN ('schema_version', 'store', 'lane') AND c.relkind = 'r'), current_setting('server_version_num')::int
FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1

-- name: schema-version
SELECT coalesce(max(version), 0) FROM schema_version

-- name: schema-applied
INSERT INTO schema_version (version, applied_at, build) VALUES ($1, $2, $3)

-- name: make-store
INSERT INTO store (lanes) SELECT $1 WHERE NOT EXISTS (SELECT FROM store)

-- name: make-lanes
INSERT INTO lane (id) SELECT i::smallint FROM store, generate_series(0, lanes - 1) i WHERE NOT EXISTS (SELECT FROM lane)

-- name: raise-base
UPDATE store SET position_base = n.base FROM (SELECT greatest((SELECT max(position) FROM log), (SELECT position FROM sweep)) >> 16 AS newest, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS present) p,
  LATERAL (SELECT p.newest + 1 - p.present AS base) n WHERE p.newest >= p.present + position_base

-- name: store
SELECT lanes, (SELECT oid FROM pg_namespace WHERE nspname = $1)::bigint FROM store

-- name: newest-instance
SELECT coalesce(greatest((SELECT max(id) FROM instance), (SELECT max(instance) FROM removed)), 0)

-- name: maps
SELECT m.id, m.workflow, m.version, m.definition FROM map m ORDER BY m.id

-- name: states
SELECT map, id, name FROM state ORDER BY id

-- name: edges
SELECT map, id, from_state, to_state FROM edge ORDER BY id

-- name: insert-map
INSERT INTO map (workflow, version, fingerprint, definition, states, edges) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id

-- name: insert-state
INSERT INTO state (map, name, kind, role) VALUES ($1, $2, $3, $4) RETURNING id

-- name: insert-edge
INSERT INTO edge (map, from_state, to_state, ends) VALUES ($1, $2, $3, $4)

-- Ownership between nodes. Moments are the database's, in milliseconds since 1970.
-- Each is one statement and a transaction of its own: Npgsql sends several of a batch by way of the thread pool, even where it is called synchronously, and a starved pool must not cost ownership.
-- The session's commits are not durable, since nothing rests on a renewal after a crash; those that must be say so with set_config.

-- A standby that was promoted has replayed its last transaction about when the primary went.
-- name: greet
SELECT pg_backend_pid(), pg_is_in_recovery(), coalesce((SELECT oid::int8 FROM pg_namespace WHERE nspname = $1), 0),
       extract(epoch FROM clock_timestamp() - greatest(pg_postmaster_start_time(), pg_last_xact_replay_timestamp()))::float8,
       set_config('synchronous_commit', 'off', false), set_config('lock_timeout', $2, false), set_config('statement_timeout', $3, false),
       set_config('idle_in_transaction_session_timeout', $3, false), set_config('tcp_keepalives_idle', '2', false), set_config('tcp_keepalives_interval', '1', false),
       set_config('tcp_keepalives_count', '3', false)

-- name: join
WITH moment AS (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now),
     joined AS (INSERT INTO node (host, pid, build, carries, joined_at, lease_until, lease, grace) SELECT $1, $2, $3, $4, now, now + $5, $5, $6 FROM moment RETURNING id)
SELECT id, set_config('application_name', format('perdure node %s of %s', id, $7), false) FROM joined

-- name: join-again
WITH moment AS (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 AS now)
INSERT INTO node (id, host, pid, build, carries, joined_at, lease_until, lease, grace) OVERRIDING SYSTEM VALUE SELECT $7, $1, $2, $3, $4, now, now + $5, $5, $6 FROM moment
ON CONFLICT (id) DO NOTHING

-- name: name-session
SELECT set_config('application_name', $1, false)

-- name: lock
SELECT pg_try_advisory_lock($1, $2)

-- A connection of this node that it has given up, and that the server does not know to be gone: it has this node's name. Another that holds the lock for a moment, to declare this node dead, is left alone.
-- name: end-former-session
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.application_name = $3
WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.classid = $1::oid AND l.objid = $2::oid AND l.objsubid = 2
  AND l.granted AND l.pid <> pg_backend_pid()

-- Renews the lease and looks at everything: the nodes and whether they have their lock, the lanes, and which of this node's lanes have commands in their inbox.
-- name: look
WITH renewed AS (UPDATE node SET lease_until = floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 + $2, leaving = $3 WHERE id = $1 RETURNING id)
SELECT EXISTS (SELECT 1 FROM renewed), clock_timestamp(), nodes.*, lanes.*,
       ARRAY (SELECT l.id FROM lane l WHERE l.owner = $1 AND EXISTS (SELECT 1 FROM inbox i WHERE i.lane = l.id AND i.answered_at IS NULL))
FROM (SELECT array_agg(n.id ORDER BY n.id), array_agg(n.joined_at ORDER BY n.id), array_agg(n.lease_until ORDER BY n.id), array_agg(n.lease ORDER BY n.id), array_agg(n.grace ORDER BY n.id),
             array_agg(n.leaving ORDER BY n.id), array_agg(k.objid IS NOT NULL ORDER BY n.id)
      FROM node n LEFT JOIN pg_locks k ON k.locktype = 'advisory' AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND k.classid = $4::oid AND k.objid = n.id::oid AND k.objsubid = 2 AND k.granted) AS nodes,
     (SELECT array_agg(id ORDER BY id), array_agg(epoch ORDER BY id), array_agg(owner ORDER BY id), array_agg(wanted_by ORDER BY id), array_agg(clean ORDER BY id) FROM lane) AS lanes

-- name: identities
SELECT host, pid, build, carries FROM node ORDER BY id

-- A death is declared by removing the row, unless the node renewed its lease ($2 is what was seen) or, where it is its lock that was seen free, has it again.
-- Its connections are ended, so that one that is frozen in a transaction does not keep its lanes locked.
-- name: declare-dead
WITH gone AS (DELETE FROM node WHERE id = $1 AND lease_until = $2 AND CASE WHEN $3 THEN pg_try_advisory_xact_lock($4, $1) ELSE true END RETURNING id)
SELECT set_config('synchronous_commit', 'on', true), (SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $5 AND datname = current_database() AND pid <> pg_backend_pid())
FROM gone

-- name: end-sessions
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid() AND NOT EXISTS (SELECT 1 FROM node WHERE id = $2)

-- Lanes at the epochs at which they were seen, of nobody, of a node that is gone, or of this one. The row of the taker is held, so that it is not declared dead meanwhile.
-- A lane whose row somebody holds is left out: it is tried again.
-- name: take
WITH me AS (SELECT id FROM node WHERE id = $1 AND NOT leaving FOR UPDATE),
     old AS (SELECT l.id, l.clean, l.since, l.owner FROM lane l, me
             WHERE (l.id, l.epoch) IN (SELECT a, b FROM unnest($2, $3) AS seen (a, b))
               AND (l.owner IS NULL OR l.owner = $1 OR NOT EXISTS (SELECT 1 FROM node n WHERE n.id = l.owner))
             FOR UPDATE OF l SKIP LOCKED)
UPDATE lane SET epoch = lane.epoch + 1, owner = $1, wanted_by = NULL, marker = 0, closed = 0, clean = false, since = floor(extract(epoch FROM clock_timestamp()) * 1000)::int8
FROM old WHERE lane.id = old.id
RETURNING lane.id, lane.epoch, old.clean, old.since, old.owner, (SELECT set_config('synchronous_commit', 'on', true))

-- Lets go of lanes, and wakes the others. A lane whose row somebody holds is left out: it is tried again.
-- name: release
WITH released AS (
  UPDATE lane SET owner = NULL, wanted_by = nullif(mine.heir, 0), clean = mine.clean
  FROM (SELECT l.id, given.heir, given.clean FROM lane l JOIN unnest($2, $3, $4, $5) AS given (id, epoch, heir, clean) ON l.id = given.id AND l.epoch = given.epoch
        WHERE l.owner = $1 FOR UPDATE OF l SKIP LOCKED) AS mine
  WHERE lane.id = mine.id RETURNING lane.id)
SELECT id, set_config('synchronous_commit', 'on', true), pg_notify($6, $7) FROM released

-- name: leave
WITH gone AS (DELETE FROM node WHERE id = $1 RETURNING id)
SELECT set_config('synchronous_commit', 'on', true), pg_notify($2, $3) FROM gone

-- name: listen
SELECT set_config('application_name', $1, false)

-- name: notify
SELECT pg_notify($1, payload) FROM unnest($2) AS payload

-- name: begin-read
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: end-read
COMMIT

-- name: read-instance
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM instance i JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state WHERE i.id = $1

-- name: read-first
SELECT position, instance, version, at, body, hash FROM log WHERE instance = $1 AND version = 1

-- name: read-tail
SELECT position, instance, version, at, body, hash FROM log
WHERE instance = $1 AND version >= (SELECT c.version FROM instance i JOIN log c ON c.position = i.checkpoint AND c.instance = i.id WHERE i.id = $1) ORDER BY version

-- Several instances at once. Each is asked for along an index, row by row: the subqueries are such that no plan reads a whole table, however old its statistics are.
-- name: read-instances
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM unnest($1) AS n (id) CROSS JOIN LATERAL (SELECT * FROM instance i WHERE i.id = n.id LIMIT 1) i
  JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state

-- name: read-firsts
SELECT l.* FROM unnest($1) AS n (id) CROSS JOIN LATERAL (SELECT position, instance, version, at, body, hash FROM log WHERE instance = n.id AND version = 1 LIMIT 1) l

-- name: read-tails
SELECT l.* FROM unnest($1) AS n (id)
  CROSS JOIN LATERAL (SELECT c.version FROM instance i JOIN log c ON c.position = i.checkpoint AND c.instance = i.id WHERE i.id = n.id LIMIT 1) k
  CROSS JOIN LATERAL (SELECT position, instance, version, at, body, hash FROM log WHERE instance = n.id AND version >= k.version ORDER BY version OFFSET 0) l

-- name: read-stacks
SELECT e.* FROM unnest($1) AS n (id) CROSS JOIN LATERAL (SELECT ordinal, visit, name, generation, operation, intended_at, instance FROM stack WHERE instance = n.id ORDER BY ordinal OFFSET 0) e

-- name: read-messages-of
SELECT m.* FROM unnest($1) AS n (id) CROSS JOIN LATERAL (SELECT id, instance FROM message WHERE instance = n.id OFFSET 0) m

-- name: read-records
SELECT position, instance, version, at, body, hash FROM log WHERE instance = $1 AND version >= $2 ORDER BY version LIMIT $3

-- name: history-ids
SELECT i.id, (SELECT max(version) FROM log l WHERE l.instance = i.id) FROM instance i JOIN scope c ON c.id = i.scope WHERE i.id > $1 AND ($2::text IS NULL OR c.workflow = $2) ORDER BY i.id LIMIT $3

-- name: newest-version
SELECT coalesce(max(version), 0) FROM log WHERE instance = $1

-- name: map-text
SELECT definition FROM map WHERE workflow = $1 AND version = $2

-- name: read-stack
SELECT ordinal, visit, name, generation, operation, intended_at, instance FROM stack WHERE instance = $1 ORDER BY ordinal

-- name: read-messages
SELECT id, instance FROM message WHERE instance = $1

-- By comparisons of rows and not by equality, so that instance_by_state alone gives this order: along instance_pkey, which gives the order of ids as well, a state in which nobody is would cost a walk over all.
-- name: active
SELECT a.id FROM state s CROSS JOIN unnest(ARRAY[0, 4]::smallint[]) AS t (status) CROSS JOIN LATERAL (
  SELECT i.id FROM instance i WHERE (i.state, i.status, i.id) > (s.id, t.status, $2) AND (i.state, i.status) <= (s.id, t.status) AND (i.id & 1023) % (SELECT lanes FROM store) = $1
  ORDER BY i.state, i.status, i.id LIMIT $3) a
ORDER BY a.id LIMIT $3

-- name: timers
SELECT instance, kind, ordinal, due FROM timer WHERE lane = $1 AND due <= $2 AND (due, instance, kind, ordinal) > ($3, $4, $5, $6) ORDER BY due, instance, kind, ordinal LIMIT $7

-- name: next-timer
SELECT min(due) FROM timer WHERE lane = $1 AND due > $2

-- A lane's letters stand under -1 - its number, where builds of schema 3 and before do not look.
-- name: outbox
SELECT m.* FROM (
  (SELECT position, receiver, message_id, ordinal, state, type, schema, codec, body FROM outbox WHERE lane = $1 AND position > $2 ORDER BY position LIMIT $3) UNION ALL
  (SELECT position, receiver, message_id, ordinal, state, type, schema, codec, body FROM outbox WHERE lane = (-1 - $1)::smallint AND position > $2 ORDER BY position LIMIT $3)) m
ORDER BY m.position LIMIT $3

-- name: forget
DELETE FROM outbox o USING unnest($1, $2) AS n (receiver, message) WHERE o.receiver = n.receiver AND o.message_id = n.message

-- name: find-key
SELECT k.instance, m.version, k.payload_hash, k.created_at FROM scope c JOIN request_key k ON k.scope = c.id AND k.key = $3 JOIN map m ON m.id = k.map WHERE c.namespace = $1 AND c.workflow = $2

-- name: live-operations
SELECT m.workflow, m.version, t.operation FROM stack_tally t JOIN map m ON m.id = t.map GROUP BY m.workflow, m.version, t.operation HAVING sum(t.n) > 0 ORDER BY m.workflow, m.version, t.operation

-- name: pages-owed
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p JOIN state s ON s.id = p.state JOIN map m ON m.id = s.map WHERE p.delivered_at IS NULL ORDER BY p.id DESC LIMIT $1 OFFSET $2

-- Of the primary: what its replicas have to be. A database that was copied from another has its schemas' numbers too.
-- name: replicated
SELECT coalesce((SELECT oid::bigint FROM pg_namespace WHERE nspname = $1), 0), (SELECT system_identifier FROM pg_control_system()), (SELECT max(version) FROM schema_version),
  (SELECT oid::bigint FROM pg_database WHERE datname = current_database())

-- Of a replica, before each read from it: what it is, and up to when it has replayed, by the primary's clock.
-- name: replica
SELECT coalesce((SELECT oid::bigint FROM pg_namespace WHERE nspname = $1), 0), (SELECT system_identifier FROM pg_control_system()), (SELECT max(version) FROM schema_version),
  (SELECT oid::bigint FROM pg_database WHERE datname = current_database()), pg_is_in_recovery(), (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint

-- name: remove
SELECT r_removed, r_reached, r_oldest FROM remove_1($1, $2, $3, $4)

-- name: remove-keys
SELECT remove_keys_1($1, $2)

-- name: feed-begin
SELECT position FROM sweep

-- name: was-removed
SELECT EXISTS (SELECT FROM removed WHERE instance = $1)

-- Which database of its family this is, and which maps are known here.

-- name: shard
SELECT family, capacity, number, name, version, (SELECT since FROM shard_since) FROM shard

-- name: shard-maps
SELECT version, databases FROM shard_map ORDER BY version

-- name: has-instances
SELECT EXISTS (SELECT FROM instance) OR EXISTS (SELECT FROM request_key)

-- name: know-map
SELECT know_map_2($1, $2, $3, $4, $5, $6, $7, $8)

-- Nodes that find lanes as the database had them alone.
-- name: nodes-alone
SELECT host, pid FROM node n WHERE NOT EXISTS (SELECT FROM node_since s WHERE s.node = n.id) ORDER BY id

-- name: is-shard
SELECT EXISTS (SELECT FROM shard)

-- Also where the instance was removed and its keys are kept.
-- name: find-business-holder
SELECT b.instance FROM scope c JOIN business_key b ON b.scope = c.id AND b.key = $3 WHERE c.namespace = $1 AND c.workflow = $2

-- Operations inside of transactions: what is said of them before and after the user's own statements.

-- By the mark the end is known to be in the transaction that the attempt began with. A statement may take as long as the operation; between two of them the time is shorter than the lease, so that what a frozen
-- process has locked is free by the time that others go on.
-- name: begin-attempt
SELECT set_config('perdure.attempt', $1, true), set_config('statement_timeout', $2, true), set_config('idle_in_transaction_session_timeout', $3, true), pg_backend_pid()

-- A session whose answer was lost, and how long its end is waited for.
-- name: end-lost-session
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 AND datname = current_database()

-- A write under the fence, which waits for whoever holds the lane's row, and for what a commit waits for.
-- name: touch-lane
UPDATE lane SET closed = closed WHERE id = $1 AND epoch = $2

-- name: find-business
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM scope c JOIN business_key b ON b.scope = c.id AND b.key = $3 JOIN instance i ON i.id = b.instance JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state
WHERE c.namespace = $1 AND c.workflow = $2

-- name: list-all
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM (SELECT * FROM instance WHERE id < $1 ORDER BY id DESC LIMIT $2) i JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state ORDER BY i.id DESC

-- By comparisons of rows, as in "active".
-- name: list
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM (SELECT a.id FROM state s JOIN map m ON m.id = s.map CROSS JOIN unnest(ARRAY[0, 1, 2, 3, 4, 5]::smallint[]) AS t (status) CROSS JOIN LATERAL (
    SELECT i.id FROM instance i WHERE (i.state, i.status, i.id) < (s.id, t.status, $1) AND (i.state, i.status) >= (s.id, t.status) ORDER BY i.state DESC, i.status DESC, i.id DESC LIMIT $2) a
  WHERE ($3::text IS NULL OR m.workflow = $3) AND ($4::text IS NULL OR s.name = $4) AND ($5::smallint IS NULL OR t.status = $5) ORDER BY a.id DESC LIMIT $2) p
JOIN instance i ON i.id = p.id JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state ORDER BY i.id DESC

-- name: gates
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint, s.role,
  coalesce((SELECT t.at FROM transition t WHERE t.instance = i.id AND t.visit = i.visit), i.created_at)
FROM (SELECT a.id FROM state s CROSS JOIN LATERAL (
    SELECT i.id FROM instance i WHERE (i.state, i.status, i.id) > (s.id, 1::smallint, $1) AND (i.state, i.status) <= (s.id, 1::smallint) ORDER BY i.state, i.status, i.id LIMIT $2) a
  WHERE s.kind = 'gate' ORDER BY a.id LIMIT $2) p
JOIN instance i ON i.id = p.id JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state ORDER BY i.id

-- name: feed
SELECT * FROM feed_1($1, $2, $3)

-- name: feed-end
SELECT greatest(feed_end_1($1), (SELECT position FROM sweep))

-- name: pages
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p JOIN state s ON s.id = p.state JOIN map m ON m.id = s.map ORDER BY p.id DESC LIMIT $1

-- name: pages-of
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p JOIN state s ON s.id = p.state JOIN map m ON m.id = s.map WHERE p.instance = $2 ORDER BY p.id DESC LIMIT $1

-- name: tallies
SELECT m.workflow, m.version, s.name, t.status, sum(t.n)::bigint FROM tally t JOIN state s ON s.id = t.state JOIN map m ON m.id = s.map
GROUP BY m.workflow, m.version, s.id, s.name, t.status HAVING sum(t.n) <> 0 ORDER BY m.workflow, m.version, s.id, t.status

-- name: chain
SELECT position, version, at, hash, body, digest FROM log WHERE instance = $1 AND version > $2 ORDER BY version LIMIT $3

-- name: chain-row
SELECT salt, checkpoint FROM instance WHERE id = $1

-- name: fence
SELECT fence_1($1, $2, $3, $4)

-- name: fences
SELECT id, epoch, marker, closed FROM lane WHERE id = ANY ($1)

-- name: close-batch
UPDATE lane SET closed = greatest(closed, $3) WHERE id = $1 AND epoch = $2 RETURNING marker

-- name: written
SELECT l.position, l.hash FROM log l WHERE l.instance = $1 AND l.version = $2

-- name: insert-scope
INSERT INTO scope (namespace, workflow) VALUES ($1, $2) ON CONFLICT (namespace, workflow) DO NOTHING

-- name: scope
SELECT id FROM scope WHERE namespace = $1 AND workflow = $2

-- name: has-record
SELECT 1 FROM log WHERE instance = $1 AND version = $2

-- name: page-tried
UPDATE page SET tries = tries + 1, last_error = $2, delivered_at = CASE WHEN $3 THEN coalesce(delivered_at, $4) ELSE delivered_at END WHERE key = $1

-- name: erasable
SELECT status, salt FROM instance WHERE id = $1

-- name: bodies
SELECT position, body, version FROM log WHERE instance = $1 AND version > $2 AND digest IS NULL ORDER BY version LIMIT 500

-- name: erase-body
UPDATE log SET body = '', digest = $2 WHERE position = $1

-- name: erase-salt
UPDATE instance SET salt = '', attributes = NULL WHERE id = $1
