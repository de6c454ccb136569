-- How nodes read the log in its order.

-- Below this position the log does not change any more. Every transaction that writes to the log holds the shared advisory lock (own, 0) before it gets its id. Those that were under way when
-- the first look was taken, and still hold the lock at the second, may commit later; those that do not hold it any more have ended, and what they wrote is seen by the query that comes after.
-- Transactions of other programs hold nothing up. A standby does not know the locks: there, everything that was under way counts.
CREATE FUNCTION final_1(own int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  look pg_snapshot := pg_current_snapshot();
  low  xid8 := pg_snapshot_xmin(look);
BEGIN
  IF low <> pg_snapshot_xmax(look) AND NOT pg_is_in_recovery() THEN
    low := coalesce(
      (SELECT x FROM pg_snapshot_xip(look) x WHERE EXISTS (
          SELECT FROM pg_locks t JOIN pg_locks w ON w.pid = t.pid
          WHERE t.locktype = 'transactionid' AND t.granted AND t.mode = 'ExclusiveLock' AND t.transactionid = x::xid
            AND w.locktype = 'advisory' AND w.granted AND w.classid = own::oid AND w.objid = 0 AND w.objsubid = 2)
        ORDER BY x LIMIT 1),
      pg_snapshot_xmax(look));
  END IF;
  RETURN (low::text::bigint + (SELECT position_base FROM store)) << 16;
END $$;

-- Records from behind a position that are final, in order.
CREATE FUNCTION feed_1(own int, behind bigint, most int)
RETURNS TABLE (f_position bigint, f_instance bigint, f_version bigint, f_at bigint, f_body bytea, f_hash bytea, f_namespace text, f_workflow text, f_workflow_version int, f_trace text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE bound bigint := final_1(own);
BEGIN
  RETURN QUERY SELECT l.position, l.instance, l.version, l.at, l.body, l.hash, c.namespace, c.workflow, m.version, i.trace_parent
    FROM (SELECT * FROM log WHERE position > behind AND position < bound ORDER BY position LIMIT most) l
    JOIN instance i ON i.id = l.instance JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map ORDER BY l.position;
END $$;

-- The newest position that the feed shows.
CREATE FUNCTION feed_end_1(own int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE bound bigint := final_1(own);
BEGIN
  RETURN coalesce((SELECT max(position) FROM log WHERE position < bound), 0);
END $$;
