-- name: business-instance
SELECT b.instance FROM scope c CROSS JOIN business_key b ON b.scope = c.id AND b.key = ?3 WHERE c.namespace = ?1 AND c.workflow = ?2

-- name: feed
SELECT l.position, l.instance, l.version, l.at, l.body, l.hash, c.namespace, c.workflow, m.version, i.trace_parent
FROM log l CROSS JOIN instance i ON i.id = l.instance CROSS JOIN scope c ON c.id = i.scope CROSS JOIN map m ON m.id = i.map
WHERE l.position > ?1 ORDER BY l.position LIMIT ?2

-- name: feed-end
SELECT max(coalesce((SELECT max(position) FROM log), 0), (SELECT position FROM sweep))

-- name: entered
SELECT coalesce((SELECT at FROM transition WHERE instance = ?1 AND visit = ?2), (SELECT created_at FROM instance WHERE id = ?1))

-- name: pages
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p CROSS JOIN state s ON s.id = p.state CROSS JOIN map m ON m.id = s.map ORDER BY p.id DESC LIMIT ?1

-- name: pages-of
SELECT p.key, p.severity, p.code, p.summary, p.instance, m.workflow, s.name, p.raised_at, p.delivered_at, p.tries, p.last_error
FROM page p CROSS JOIN state s ON s.id = p.state CROSS JOIN map m ON m.id = s.map WHERE p.instance = ?2 ORDER BY p.id DESC LIMIT ?1

-- name: tallies
SELECT m.workflow, m.version, s.name, t.status, t.n FROM tally t JOIN state s ON s.id = t.state JOIN map m ON m.id = s.map WHERE t.n <> 0
ORDER BY m.workflow, m.version, s.id, t.status

-- name: chain
SELECT position, version, at, hash, body, digest FROM log WHERE instance = ?1 AND version > ?2 ORDER BY version LIMIT ?3

-- name: chain-row
SELECT salt, checkpoint FROM instance WHERE id = ?1
