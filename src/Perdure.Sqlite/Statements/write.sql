-- OR FAIL: where rows are at fault their batch is rolled back, or their item by its savepoint, so that no statement need be able to take back its own part; under the default, ABORT, SQLite keeps a copy of every page that a
-- statement with triggers changes.

-- name: begin
BEGIN IMMEDIATE

-- name: commit
COMMIT

-- name: fence
UPDATE lane SET marker = ?1 WHERE id = ?2 AND epoch = ?3

-- name: epoch
SELECT epoch, marker FROM lane WHERE id = ?1

-- name: insert-scope
INSERT INTO scope (namespace, workflow) VALUES (?1, ?2) ON CONFLICT (namespace, workflow) DO NOTHING

-- name: scope
SELECT id FROM scope WHERE namespace = ?1 AND workflow = ?2

-- name: insert-request-key
INSERT OR FAIL INTO request_key (scope, key, instance, map, payload_hash, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (scope, key) DO NOTHING

-- name: delete-request-key
DELETE FROM request_key WHERE scope = ?1 AND key = ?2

-- name: request-key
SELECT k.instance, m.version, k.payload_hash, k.created_at FROM request_key k JOIN map m ON m.id = k.map WHERE k.scope = ?1 AND k.key = ?2

-- name: insert-business-key
INSERT OR FAIL INTO business_key (scope, key, instance) VALUES (?1, ?2, ?3) ON CONFLICT (scope, key) DO NOTHING

-- name: business-key
SELECT instance FROM business_key WHERE scope = ?1 AND key = ?2

-- name: insert-instance
INSERT OR FAIL INTO instance (id, scope, map, state, status, visit, checkpoint, priority, created_at, updated_at, request_key, business_key, salt,
  parent, parent_ordinal, trace_parent, attributes)
VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)

-- name: insert-log
INSERT OR FAIL INTO log (position, instance, version, at, hash, body) VALUES (?6, ?1, ?2, ?3, ?4, ?5)

-- name: newest-record
SELECT max(position) FROM log

-- name: has-record
SELECT 1 FROM log WHERE instance = ?1 AND version = ?2

-- name: insert-transition
INSERT OR FAIL INTO transition (instance, visit, edge, position, at, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6)

-- name: status
UPDATE OR FAIL instance SET status = ?2, updated_at = ?3 WHERE id = ?1

-- name: insert-step
INSERT OR FAIL INTO step (instance, visit, name, generation, ordinal) VALUES (?1, ?2, ?3, ?4, ?5)

-- name: insert-stack
INSERT OR FAIL INTO stack (instance, ordinal, visit, name, generation, operation, intended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)

-- name: stack-operation
SELECT operation FROM stack WHERE instance = ?1 AND ordinal = ?2

-- name: leave-stack
DELETE FROM stack WHERE instance = ?1 AND ordinal = ?2

-- name: stack-operations
SELECT operation FROM stack WHERE instance = ?1

-- name: settle-stack
DELETE FROM stack WHERE instance = ?1

-- name: stack-tally
INSERT OR FAIL INTO stack_tally (map, operation, n) VALUES (?1, ?2, ?3) ON CONFLICT (map, operation) DO UPDATE SET n = n + excluded.n

-- name: set-timer
INSERT OR FAIL INTO timer (instance, kind, ordinal, due) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (instance, kind, ordinal) DO UPDATE SET due = excluded.due

-- name: clear-timer
DELETE FROM timer WHERE instance = ?1 AND kind = ?2 AND ordinal = ?3

-- name: insert-message
INSERT OR FAIL INTO message (instance, id) VALUES (?1, ?2) ON CONFLICT (instance, id) DO NOTHING

-- name: delete-message
DELETE FROM message WHERE instance = ?1 AND id = ?2

-- name: insert-outbox
INSERT OR FAIL INTO outbox (receiver, message_id, ordinal, state, type, schema, codec, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (receiver, message_id) DO NOTHING

-- name: outbox-done
DELETE FROM outbox WHERE receiver = ?1 AND message_id = ?2

-- name: insert-page
INSERT OR FAIL INTO page (key, instance, state, severity, code, summary, raised_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO NOTHING

-- name: page-tried
UPDATE page SET tries = tries + 1, last_error = ?2, delivered_at = CASE WHEN ?3 THEN coalesce(delivered_at, ?4) ELSE delivered_at END WHERE key = ?1

-- name: tally
INSERT OR FAIL INTO tally (state, status, n) VALUES (?1, ?2, ?3) ON CONFLICT (state, status) DO UPDATE SET n = n + excluded.n

-- name: erasable
SELECT i.status, i.salt FROM instance i WHERE i.id = ?1

-- name: bodies
SELECT position, body, version FROM log WHERE instance = ?1 AND version > ?2 AND digest IS NULL ORDER BY version LIMIT 500

-- name: erase-body
UPDATE log SET body = x'', digest = ?2 WHERE position = ?1

-- name: erase-salt
UPDATE instance SET salt = x'', attributes = NULL WHERE id = ?1
