-- Perdure, schema 6: the feed passes over no record. Nodes of schema 5 go on beside it, and read by it.

-- As before, with one look at the locks. A transaction is given its id before it locks that: one that holds the shared lock and no id may be the one that an id is of which nobody holds, until a later look.
CREATE OR REPLACE FUNCTION final_1(own int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  look pg_snapshot := pg_current_snapshot();
  low  xid8 := pg_snapshot_xmin(look);
BEGIN
  IF low <> pg_snapshot_xmax(look) AND NOT pg_is_in_recovery() THEN
    WITH held AS MATERIALIZED (
        SELECT pid, CASE locktype WHEN 'transactionid' THEN transactionid END AS id FROM pg_locks
        WHERE granted AND (locktype = 'transactionid' AND mode = 'ExclusiveLock' OR locktype = 'advisory' AND classid = own::oid AND objid = 0 AND objsubid = 2)),
      writer AS MATERIALIZED (SELECT pid, (SELECT array_agg(t.id) FROM held t WHERE t.pid = w.pid AND t.id IS NOT NULL) AS ids FROM held w WHERE w.id IS NULL)
    SELECT x INTO low FROM pg_snapshot_xip(look) x
      WHERE EXISTS (SELECT FROM writer w WHERE x::xid = ANY (w.ids))
        OR (EXISTS (SELECT FROM writer w WHERE w.ids IS NULL) AND NOT EXISTS (SELECT FROM held t WHERE t.id = x::xid))
      ORDER BY x LIMIT 1;
    low := coalesce(low, pg_snapshot_xmax(look));
  END IF;
  RETURN (low::text::bigint + (SELECT position_base FROM store)) << 16;
END $$;
