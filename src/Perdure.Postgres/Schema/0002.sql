-- Perdure, schema 2: what has ended can be removed, its keys later. Nodes of schema 1 go on beside it; they remove nothing.
-- Triggers are replaced, not dropped: that waits for those who write to a table, and not for those who read it.

-- Instances that were removed, until their keys are. Only what stands here may go from the other tables.
CREATE TABLE removed (
  instance     bigint PRIMARY KEY,
  scope        int    NOT NULL,
  key          text   COLLATE "C" NOT NULL,
  business_key text   COLLATE "C"
);

-- One row: the highest position of a record that was removed.
CREATE TABLE sweep (
  "only"   boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  position bigint  NOT NULL DEFAULT 0
);
INSERT INTO sweep DEFAULT VALUES;

CREATE FUNCTION removed_has_ended() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM FROM added n WHERE (SELECT i.status FROM instance i WHERE i.id = n.instance) IS DISTINCT FROM 5 LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'removed: only an instance that has ended is removed' USING ERRCODE = 'PD001'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER removed_has_ended AFTER INSERT ON removed REFERENCING NEW TABLE AS added EXECUTE FUNCTION removed_has_ended();

CREATE FUNCTION removed_is_kept() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM FROM gone g WHERE (SELECT 1 FROM request_key k WHERE k.scope = g.scope AND k.key = g.key AND k.instance = g.instance LIMIT 1) = 1 LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION 'removed: it is remembered as long as the key' USING ERRCODE = 'PD001'; END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER removed_is_kept AFTER DELETE ON removed REFERENCING OLD TABLE AS gone EXECUTE FUNCTION removed_is_kept();
CREATE TRIGGER removed_is_fixed BEFORE UPDATE ON removed FOR EACH ROW EXECUTE FUNCTION refuse('removed: what was removed is never changed');
CREATE TRIGGER removed_is_not_emptied BEFORE TRUNCATE ON removed EXECUTE FUNCTION refuse('removed: it is remembered as long as the key');
CREATE TRIGGER sweep_rises BEFORE UPDATE ON sweep FOR EACH ROW WHEN (NEW.position < OLD.position) EXECUTE FUNCTION refuse('sweep: what was removed does not come back');
CREATE TRIGGER sweep_is_kept BEFORE DELETE ON sweep FOR EACH ROW EXECUTE FUNCTION refuse('sweep: what was removed does not come back');

-- The rows of an instance go with it, and not otherwise. The message stands at the trigger. Asked row by row along the index.
CREATE FUNCTION goes_with_instance() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM FROM gone g WHERE (SELECT 1 FROM removed r WHERE r.instance = g.instance LIMIT 1) IS NULL LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'PD001'; END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION instance_goes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM FROM gone g WHERE (SELECT 1 FROM removed r WHERE r.instance = g.id LIMIT 1) IS NULL OR (SELECT 1 FROM log l WHERE l.instance = g.id LIMIT 1) = 1 LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'PD001'; END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER instance_is_kept AFTER DELETE ON instance REFERENCING OLD TABLE AS gone EXECUTE FUNCTION instance_goes('instance: an instance with a log is never removed');
CREATE OR REPLACE TRIGGER log_is_append_only AFTER DELETE ON log REFERENCING OLD TABLE AS gone EXECUTE FUNCTION goes_with_instance('log: a record is never removed without its instance');
CREATE OR REPLACE TRIGGER transition_is_kept AFTER DELETE ON transition REFERENCING OLD TABLE AS gone EXECUTE FUNCTION goes_with_instance('transition: a transition is never removed without its instance');
CREATE OR REPLACE TRIGGER step_is_kept AFTER DELETE ON step REFERENCING OLD TABLE AS gone EXECUTE FUNCTION goes_with_instance('step: a token is never removed without its instance');
CREATE OR REPLACE TRIGGER page_is_kept AFTER DELETE ON page REFERENCING OLD TABLE AS gone EXECUTE FUNCTION goes_with_instance('page: what was raised is never removed without its instance');

-- Looks at instances that have ended, in the order of their ids, and removes those that ended before a moment and that nobody may still ask for. Where the commit is lost in a crash of the
-- server, all of it is: nobody was told of it, and the next pass does it again, so that it need not wait for the disk.
CREATE FUNCTION remove_1(behind bigint, below bigint, ended_before bigint, most int)
RETURNS TABLE (r_removed int, r_reached bigint, r_oldest bigint) LANGUAGE plpgsql
SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  seen   bigint[];
  ids    bigint[];
  newest bigint;
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT array_agg(c.id), max(c.id) INTO seen, r_reached FROM (
    SELECT a.id FROM state s CROSS JOIN LATERAL (
      SELECT i.id FROM instance i WHERE (i.state, i.status, i.id) > (s.id, 5::smallint, behind) AND (i.state, i.status, i.id) < (s.id, 5::smallint, below)
      ORDER BY i.state, i.status, i.id LIMIT most) a      -- by comparisons of rows, so that no plan walks over all instances along their ids
    WHERE s.kind IN ('end', 'revoked') ORDER BY a.id LIMIT most) c;
  SELECT array_agg(c.id), count(*), min(c.updated_at) INTO ids, r_removed, r_oldest FROM (
    SELECT i.id, i.updated_at FROM unnest(seen) n (id) JOIN instance i ON i.id = n.id
    WHERE i.status = 5 AND i.updated_at < ended_before
      AND (SELECT 1 FROM instance p WHERE p.id = i.parent AND p.status <> 5) IS NULL
      AND (SELECT 1 FROM page p WHERE p.instance = i.id AND p.delivered_at IS NULL LIMIT 1) IS NULL
      AND (SELECT 1 FROM outbox o WHERE o.receiver = i.id LIMIT 1) IS NULL
      AND (SELECT 1 FROM inbox b WHERE b.receiver = i.id AND b.answered_at IS NULL LIMIT 1) IS NULL
    ORDER BY i.id FOR UPDATE OF i SKIP LOCKED) c;
  IF r_removed > 0 THEN
    INSERT INTO removed (instance, scope, key, business_key) SELECT i.id, i.scope, i.request_key, i.business_key FROM unnest(ids) n (id) JOIN instance i ON i.id = n.id;
    -- Lane -1 has what was removed of all lanes: no writer waits for that row.
    INSERT INTO tally AS t (lane, state, status, n) SELECT -1, i.state, 5, -count(*) FROM unnest(ids) n (id) JOIN instance i ON i.id = n.id GROUP BY i.state ORDER BY i.state
      ON CONFLICT (lane, state, status) DO UPDATE SET n = t.n + excluded.n;
    DELETE FROM step d USING unnest(ids) n (id) WHERE d.instance = n.id;
    DELETE FROM transition d USING unnest(ids) n (id) WHERE d.instance = n.id;
    DELETE FROM message d USING unnest(ids) n (id) WHERE d.instance = n.id;
    DELETE FROM timer d USING unnest(ids) n (id) WHERE d.instance = n.id;
    DELETE FROM page d USING unnest(ids) n (id) WHERE d.instance = n.id;
    WITH gone AS (DELETE FROM log d USING unnest(ids) n (id) WHERE d.instance = n.id RETURNING d.position) SELECT max(g.position) INTO newest FROM gone g;
    DELETE FROM instance d USING unnest(ids) n (id) WHERE d.id = n.id;
    UPDATE sweep SET position = newest WHERE position < newest;
  END IF;
  RETURN NEXT;
END $$;

-- Removes the keys of removed instances with ids below one, and forgets that they were here.
CREATE FUNCTION remove_keys_1(below bigint, most int) RETURNS int LANGUAGE plpgsql
SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE ids bigint[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  SELECT array_agg(c.instance) INTO ids FROM (SELECT r.instance FROM removed r WHERE r.instance < below ORDER BY r.instance LIMIT most FOR UPDATE SKIP LOCKED) c;
  DELETE FROM request_key k USING unnest(ids) n (id) JOIN removed r ON r.instance = n.id WHERE k.scope = r.scope AND k.key = r.key AND k.instance = r.instance;
  DELETE FROM business_key k USING unnest(ids) n (id) JOIN removed r ON r.instance = n.id WHERE k.scope = r.scope AND k.key = r.business_key AND k.instance = r.instance;
  DELETE FROM removed r USING unnest(ids) n (id) WHERE r.instance = n.id;
  RETURN coalesce(cardinality(ids), 0);
END $$;
