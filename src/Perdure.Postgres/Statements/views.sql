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
