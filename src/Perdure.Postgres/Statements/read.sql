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

-- name: read-instances
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM instance i JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state WHERE i.id = ANY($1)

-- name: read-firsts
SELECT position, instance, version, at, body, hash FROM log WHERE instance = ANY($1) AND version = 1

-- name: read-tails
SELECT l.position, l.instance, l.version, l.at, l.body, l.hash
FROM instance i JOIN log c ON c.position = i.checkpoint AND c.instance = i.id JOIN log l ON l.instance = i.id AND l.version >= c.version WHERE i.id = ANY($1) ORDER BY l.instance, l.version

-- name: read-stacks
SELECT ordinal, visit, name, generation, operation, intended_at, instance FROM stack WHERE instance = ANY($1) ORDER BY instance, ordinal

-- name: read-messages-of
SELECT id, instance FROM message WHERE instance = ANY($1)

-- name: read-records
SELECT position, instance, version, at, body, hash FROM log WHERE instance = $1 AND version >= $2 ORDER BY version LIMIT $3

-- name: read-stack
SELECT ordinal, visit, name, generation, operation, intended_at, instance FROM stack WHERE instance = $1 ORDER BY ordinal

-- name: read-messages
SELECT id, instance FROM message WHERE instance = $1

-- name: active
SELECT a.id FROM state s CROSS JOIN unnest(ARRAY[0, 4]::smallint[]) AS t (status) CROSS JOIN LATERAL (
  SELECT i.id FROM instance i WHERE i.state = s.id AND i.status = t.status AND i.id > $2 AND (i.id & 1023) % (SELECT lanes FROM store) = $1 ORDER BY i.id LIMIT $3) a
ORDER BY a.id LIMIT $3

-- name: timers
SELECT instance, kind, ordinal, due FROM timer WHERE lane = $1 AND due <= $2 AND (due, instance, kind, ordinal) > ($3, $4, $5, $6) ORDER BY due, instance, kind, ordinal LIMIT $7

-- name: next-timer
SELECT min(due) FROM timer WHERE lane = $1 AND due > $2

-- name: outbox
SELECT position, receiver, message_id, ordinal, state, type, schema, codec, body FROM outbox WHERE lane = $1 AND position > $2 ORDER BY position LIMIT $3

-- name: find-key
SELECT k.instance, m.version, k.payload_hash, k.created_at FROM scope c JOIN request_key k ON k.scope = c.id AND k.key = $3 JOIN map m ON m.id = k.map WHERE c.namespace = $1 AND c.workflow = $2

-- name: live-operations
SELECT m.workflow, m.version, t.operation FROM stack_tally t JOIN map m ON m.id = t.map GROUP BY m.workflow, m.version, t.operation HAVING sum(t.n) > 0 ORDER BY m.workflow, m.version, t.operation

-- name: pages-owed
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p JOIN state s ON s.id = p.state JOIN map m ON m.id = s.map WHERE p.delivered_at IS NULL ORDER BY p.id LIMIT $1
