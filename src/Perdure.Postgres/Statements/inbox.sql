-- Commands for instances of lanes that another node owns.

-- name: inbox-send
INSERT INTO inbox (lane, receiver, key, body, sent_at) VALUES ($1, $2, $3, $4, floor(extract(epoch FROM clock_timestamp()) * 1000)::int8) ON CONFLICT (receiver, key) DO NOTHING

-- The command that was kept under the key, now or before.
-- name: inbox-find
SELECT position, answer FROM inbox WHERE receiver = $1 AND key = $2

-- name: inbox-open
SELECT position, receiver, key, body FROM inbox WHERE lane = $1 AND answered_at IS NULL ORDER BY position LIMIT $2

-- name: inbox-answer
UPDATE inbox SET answer = $2, answered_at = floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 WHERE position = $1 AND answered_at IS NULL

-- name: inbox-answers
SELECT position, answer FROM inbox WHERE position = ANY ($1) AND answered_at IS NOT NULL

-- name: inbox-clear
DELETE FROM inbox WHERE position IN (
  SELECT position FROM inbox WHERE answered_at < floor(extract(epoch FROM clock_timestamp()) * 1000)::int8 - $1 ORDER BY answered_at LIMIT $2 FOR UPDATE SKIP LOCKED)
