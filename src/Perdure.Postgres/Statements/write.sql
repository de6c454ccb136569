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
