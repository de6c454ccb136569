-- name: be-durable
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')

-- name: lock-schema
SELECT pg_advisory_xact_lock(hashtextextended('perdure schema ' || $1, 0))

-- name: hold-schema
SELECT pg_advisory_lock(hashtextextended('perdure schema ' || $1, 0))

-- name: free-schema
SELECT pg_advisory_unlock(hashtextextended('perdure schema ' || $1, 0))

-- name: pause
SELECT pg_sleep(0.1)

-- name: is-vacuumed
SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND n.nspname = $1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))

-- name: inspect
SELECT n.oid IS NOT NULL, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm')),
  (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname IN ('schema_version', 'store', 'lane') AND c.relkind = 'r'), current_setting('server_version_num')::int
FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1

-- name: schema-version
SELECT coalesce(max(version), 0) FROM schema_version

-- name: schema-applied
INSERT INTO schema_version (version, applied_at, build) VALUES ($1, $2, $3)

-- name: make-store
INSERT INTO store (lanes) SELECT $1 WHERE NOT EXISTS (SELECT FROM store)

-- name: make-lanes
INSERT INTO lane (id) SELECT i::smallint FROM store, generate_series(0, lanes - 1) i WHERE NOT EXISTS (SELECT FROM lane)

-- name: raise-base
UPDATE store SET position_base = n.base FROM (SELECT greatest((SELECT max(position) FROM log), (SELECT position FROM sweep)) >> 16 AS newest, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS present) p,
  LATERAL (SELECT p.newest + 1 - p.present AS base) n WHERE p.newest >= p.present + position_base

-- name: store
SELECT lanes, (SELECT oid FROM pg_namespace WHERE nspname = $1)::bigint FROM store

-- name: newest-instance
SELECT coalesce(greatest((SELECT max(id) FROM instance), (SELECT max(instance) FROM removed)), 0)

-- name: maps
SELECT m.id, m.workflow, m.version, m.definition FROM map m ORDER BY m.id

-- name: states
SELECT map, id, name FROM state ORDER BY id

-- name: edges
SELECT map, id, from_state, to_state FROM edge ORDER BY id

-- name: insert-map
INSERT INTO map (workflow, version, fingerprint, definition, states, edges) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id

-- name: insert-state
INSERT INTO state (map, name, kind, role) VALUES ($1, $2, $3, $4) RETURNING id

-- name: insert-edge
INSERT INTO edge (map, from_state, to_state, ends) VALUES ($1, $2, $3, $4)
