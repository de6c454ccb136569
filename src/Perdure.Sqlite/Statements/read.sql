-- name: begin-read
BEGIN

-- name: read-instance
SELECT i.id, c.namespace, c.workflow, m.version, i.request_key, i.business_key, s.name, i.status, i.visit, i.created_at, i.updated_at, i.salt, i.priority, i.checkpoint
FROM instance i CROSS JOIN scope c ON c.id = i.scope CROSS JOIN map m ON m.id = i.map CROSS JOIN state s ON s.id = i.state WHERE i.id = ?1

-- name: read-record
SELECT position, instance, version, at, body, hash FROM log WHERE instance = ?1 AND version = ?2

-- name: read-position
SELECT position, instance, version, at, body, hash FROM log WHERE position = ?1

-- name: read-records
SELECT position, instance, version, at, body, hash FROM log WHERE instance = ?1 AND version >= ?2 ORDER BY version LIMIT ?3

-- name: read-stack
SELECT ordinal, visit, name, generation, operation, intended_at FROM stack WHERE instance = ?1 ORDER BY ordinal

-- name: read-messages
SELECT id FROM message WHERE instance = ?1

-- name: all-states
SELECT s.id, m.workflow, m.version, s.name, s.kind, s.role FROM state s JOIN map m ON m.id = s.map ORDER BY s.id

-- name: ids-up
SELECT id FROM instance WHERE state = ?1 AND status = ?2 AND id > ?3 ORDER BY id LIMIT ?4

-- name: ids-down
SELECT id FROM instance WHERE state = ?1 AND status = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4

-- name: all-ids-down
SELECT id FROM instance WHERE id < ?1 ORDER BY id DESC LIMIT ?2

-- name: timers
SELECT instance, kind, ordinal, due FROM timer WHERE due <= ?1 AND (due, instance, kind, ordinal) > (?2, ?3, ?4, ?5) ORDER BY due, instance, kind, ordinal LIMIT ?6

-- name: next-timer
SELECT min(due) FROM timer WHERE due > ?1

-- name: outbox
SELECT position, receiver, message_id, ordinal, state, type, schema, codec, body FROM outbox WHERE position > ?1 ORDER BY position LIMIT ?2

-- name: find-key
SELECT k.instance, m.version, k.payload_hash, k.created_at FROM scope c CROSS JOIN request_key k ON k.scope = c.id AND k.key = ?3 CROSS JOIN map m ON m.id = k.map
WHERE c.namespace = ?1 AND c.workflow = ?2

-- name: live-operations
SELECT m.workflow, m.version, t.operation FROM stack_tally t JOIN map m ON m.id = t.map WHERE t.n > 0 ORDER BY m.workflow, m.version, t.operation

-- name: pages-owed
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p CROSS JOIN state s ON s.id = p.state CROSS JOIN map m ON m.id = s.map WHERE p.delivered_at IS NULL ORDER BY p.id DESC LIMIT ?1 OFFSET ?2

-- name: workflow-ids-up
SELECT i.id, (SELECT max(version) FROM log l WHERE l.instance = i.id) FROM instance i JOIN scope c ON c.id = i.scope
WHERE i.id > ?1 AND (?2 IS NULL OR c.workflow = ?2) ORDER BY i.id LIMIT ?3

-- name: newest-version
SELECT coalesce(max(version), 0) FROM log WHERE instance = ?1

-- name: map-text
SELECT definition FROM map WHERE workflow = ?1 AND version = ?2
