-- Which database of its family this is, and which maps are known here.

-- name: shard
SELECT family, capacity, number, name, version, (SELECT since FROM shard_since) FROM shard

-- name: shard-maps
SELECT version, databases FROM shard_map ORDER BY version

-- name: has-instances
SELECT EXISTS (SELECT FROM instance) OR EXISTS (SELECT FROM request_key)

-- name: know-map
SELECT know_map_2($1, $2, $3, $4, $5, $6, $7, $8)

-- Nodes that find lanes as the database had them alone.
-- name: nodes-alone
SELECT host, pid FROM node n WHERE NOT EXISTS (SELECT FROM node_since s WHERE s.node = n.id) ORDER BY id

-- name: is-shard
SELECT EXISTS (SELECT FROM shard)

-- Also where the instance was removed and its keys are kept.
-- name: find-business-holder
SELECT b.instance FROM scope c JOIN business_key b ON b.scope = c.id AND b.key = $3 WHERE c.namespace = $1 AND c.workflow = $2
