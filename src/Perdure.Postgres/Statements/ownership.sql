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
