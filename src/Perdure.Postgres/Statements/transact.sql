-- Operations inside of transactions: what is said of them before and after the user's own statements.

-- By the mark the end is known to be in the transaction that the attempt began with. A statement may take as long as the operation; between two of them the time is shorter than the lease, so that what a frozen
-- process has locked is free by the time that others go on.
-- name: begin-attempt
SELECT set_config('perdure.attempt', $1, true), set_config('statement_timeout', $2, true), set_config('idle_in_transaction_session_timeout', $3, true), pg_backend_pid()

-- A session whose answer was lost, and how long its end is waited for.
-- name: end-lost-session
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 AND datname = current_database()

-- A write under the fence, which waits for whoever holds the lane's row, and for what a commit waits for.
-- name: touch-lane
UPDATE lane SET closed = closed WHERE id = $1 AND epoch = $2
