-- name: removable
SELECT i.updated_at, i.state FROM instance i WHERE i.id = ?1 AND i.status = 5 AND i.updated_at < ?2
  AND NOT EXISTS (SELECT 1 FROM instance p WHERE p.id = i.parent AND p.status <> 5) AND NOT EXISTS (SELECT 1 FROM page WHERE instance = ?1 AND delivered_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM outbox WHERE receiver = ?1)

-- name: remember-removed
INSERT INTO removed (instance, scope, key, business_key) SELECT id, scope, request_key, business_key FROM instance WHERE id = ?1

-- name: newest-of
SELECT max(position) FROM log WHERE instance = ?1

-- name: remove-steps
DELETE FROM step WHERE instance = ?1

-- name: remove-transitions
DELETE FROM transition WHERE instance = ?1

-- name: remove-messages
DELETE FROM message WHERE instance = ?1

-- name: remove-timers
DELETE FROM timer WHERE instance = ?1

-- name: remove-pages
DELETE FROM page WHERE instance = ?1

-- name: remove-log
DELETE FROM log WHERE instance = ?1

-- name: remove-instance
DELETE FROM instance WHERE id = ?1

-- name: swept
UPDATE sweep SET position = ?1 WHERE position < ?1

-- name: removed-before
SELECT instance FROM removed WHERE instance < ?1 ORDER BY instance LIMIT ?2

-- name: remove-request-key
DELETE FROM request_key WHERE instance = ?1 AND (scope, key) = (SELECT scope, key FROM removed WHERE instance = ?1)

-- name: remove-business-key
DELETE FROM business_key WHERE instance = ?1 AND (scope, key) = (SELECT scope, business_key FROM removed WHERE instance = ?1)

-- name: forget-removed
DELETE FROM removed WHERE instance = ?1

-- name: feed-begin
SELECT position FROM sweep

-- name: was-removed
SELECT EXISTS (SELECT 1 FROM removed WHERE instance = ?1)
