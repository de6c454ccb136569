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
