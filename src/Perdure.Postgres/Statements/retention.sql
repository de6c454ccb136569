-- name: remove
SELECT r_removed, r_reached, r_oldest FROM remove_1($1, $2, $3, $4)

-- name: remove-keys
SELECT remove_keys_1($1, $2)

-- name: feed-begin
SELECT position FROM sweep

-- name: was-removed
SELECT EXISTS (SELECT FROM removed WHERE instance = $1)
