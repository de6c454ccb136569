-- Of the primary: what its replicas have to be. A database that was copied from another has its schemas' numbers too.
-- name: replicated
SELECT coalesce((SELECT oid::bigint FROM pg_namespace WHERE nspname = $1), 0), (SELECT system_identifier FROM pg_control_system()), (SELECT max(version) FROM schema_version),
  (SELECT oid::bigint FROM pg_database WHERE datname = current_database())

-- Of a replica, before each read from it: what it is, and up to when it has replayed, by the primary's clock.
-- name: replica
SELECT coalesce((SELECT oid::bigint FROM pg_namespace WHERE nspname = $1), 0), (SELECT system_identifier FROM pg_control_system()), (SELECT max(version) FROM schema_version),
  (SELECT oid::bigint FROM pg_database WHERE datname = current_database()), pg_is_in_recovery(), (extract(epoch FROM pg_last_xact_replay_timestamp()) * 1000)::bigint
