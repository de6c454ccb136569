-- name: tables
SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'

-- name: lane
SELECT epoch, clean, host, pid, build, since FROM lane WHERE id = 0

-- name: take-lane
INSERT INTO lane (id, epoch, marker, clean, host, pid, build, since) SELECT 0, coalesce(max(epoch), 0) + 1, 0, 0, ?1, ?2, ?3, ?4 FROM lane WHERE id = 0
ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, marker = 0, clean = 0, host = ?1, pid = ?2, build = ?3, since = ?4

-- name: close-lane
UPDATE lane SET clean = 1 WHERE id = 0 AND epoch = ?1

-- name: last-position
SELECT max(coalesce((SELECT max(position) FROM log), 0), (SELECT position FROM sweep))

-- name: schema-applied
INSERT INTO schema_version (version, applied_at, build) VALUES (?1, ?2, ?3)

-- name: maps
SELECT id, workflow, version, definition FROM map ORDER BY id

-- name: states
SELECT id, name FROM state WHERE map = ?1

-- name: edges
SELECT e.id, f.name, t.name FROM edge e JOIN state f ON f.id = e.from_state JOIN state t ON t.id = e.to_state WHERE e.map = ?1

-- name: insert-map
INSERT INTO map (workflow, version, fingerprint, definition, states, edges) VALUES (?1, ?2, ?3, ?4, ?5, ?6)

-- name: insert-state
INSERT INTO state (map, name, kind, role) VALUES (?1, ?2, ?3, ?4)

-- name: insert-edge
INSERT INTO edge (map, from_state, to_state) VALUES (?1, ?2, ?3)

-- name: newest-instance
SELECT max((SELECT coalesce(max(id), 0) FROM instance), (SELECT coalesce(max(instance), 0) FROM removed))
