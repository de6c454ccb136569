-- Which database of its family this is, and which maps are known here.

-- name: shard
SELECT family, capacity, number, name, version FROM shard

-- name: shard-maps
SELECT version, databases FROM shard_map ORDER BY version

-- name: has-instances
SELECT EXISTS (SELECT FROM instance) OR EXISTS (SELECT FROM request_key)

-- name: know-map
SELECT know_map_1($1, $2, $3, $4, $5, $6, $7)

-- name: is-shard
SELECT EXISTS (SELECT FROM shard)

-- Also where the instance was removed and its keys are kept.
-- name: find-business-holder
SELECT b.instance FROM scope c JOIN business_key b ON b.scope = c.id AND b.key = $3 WHERE c.namespace = $1 AND c.workflow = $2
