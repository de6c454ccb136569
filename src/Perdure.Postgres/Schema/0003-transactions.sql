-- Operations that run inside of a transaction with tables of their own. Nodes of schema 2 go on beside it, and read what it writes.

-- A record's position is that of its transaction, or of the savepoint's part of it in which it was written (docs/adr/0026).
CREATE OR REPLACE FUNCTION log_goes_on() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  bad  record;
  base bigint := (SELECT position_base FROM store);
  own  bigint := base + pg_current_xact_id()::text::bigint;
BEGIN
  SELECT n.instance, n.version, n.position, n.strange INTO bad FROM (
      SELECT a.instance, a.version, a.position, CASE WHEN a.position >> 16 = own THEN false
        ELSE (a.position >> 16) - own NOT BETWEEN 1 AND 2147483647
          OR (SELECT l.xmin::text::bigint FROM log l WHERE l.position = a.position LIMIT 1) IS DISTINCT FROM (((a.position >> 16) - base) & 4294967295) END AS strange
      FROM added a) n
    WHERE n.strange OR n.version < 1 OR CASE WHEN n.version = 1
      THEN (SELECT 1 FROM instance i WHERE i.id = n.instance LIMIT 1) IS NULL
      ELSE (SELECT 1 FROM log p WHERE p.instance = n.instance AND p.version = n.version - 1 LIMIT 1) IS NULL END
    LIMIT 1;
  IF FOUND AND bad.strange THEN
    RAISE EXCEPTION 'log: position % is not that of this transaction', bad.position USING ERRCODE = 'PD001';
  ELSIF FOUND THEN
    RAISE EXCEPTION 'log: version % is not the next one of instance %', bad.version, bad.instance USING ERRCODE = 'PD001';
  END IF;
  RETURN NULL;
END $$;

-- Writes one turn of one instance in a transaction that an operation has written in before, behind a savepoint. The lane's row is held from here to the commit, as by a batch; the marker is not
-- touched. The position is the savepoint's id: it is given after the shared lock is held, where the transaction's own may be old, and readers beyond it. Prefixes as in write_1 and beside_1.
CREATE FUNCTION transact_1(
  own int, f_lane smallint, f_epoch bigint, attempt text,
  l_instance bigint[], l_version bigint[], l_at bigint[], l_hash bytea[], l_body bytea[],
  t_rounds int, t_round smallint[], t_instance bigint[], t_visit int[], t_edge int[], t_record int[], t_at bigint[], t_status smallint[],
  u_instance bigint[], u_at bigint[], u_status smallint[],
  k_instance bigint[], k_visit int[], k_generation int[], k_ordinal int[], k_name text[],
  e_instance bigint[],
  a_lane smallint[], a_state int[], a_status smallint[], a_n bigint[],
  g_instance bigint[], g_ordinal int[],
  p_instance bigint[], p_intended_at bigint[], p_ordinal int[], p_visit int[], p_generation int[], p_name text[], p_operation text[],
  q_lane smallint[], q_map int[], q_operation text[], q_n bigint[],
  c_instance bigint[], c_kind smallint[], c_ordinal int[],
  d_lane smallint[], d_instance bigint[], d_kind smallint[], d_ordinal int[], d_due bigint[],
  o_lane smallint[], o_receiver bigint[], o_message text[], o_ordinal int[], o_state text[], o_type text[], o_schema text[], o_codec text[], o_body bytea[],
  x_receiver bigint[], x_message text[],
  r_key text[], r_instance bigint[], r_state int[], r_severity smallint[], r_code text[], r_summary text[], r_raised bigint[])
RETURNS bigint LANGUAGE plpgsql
SET search_path FROM CURRENT SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET lock_timeout = '5s' AS $$
DECLARE
  top  bigint;
  part bigint;
  base bigint;
BEGIN
  IF current_setting('perdure.attempt', true) IS DISTINCT FROM attempt THEN
    RAISE EXCEPTION 'transaction: it is not the one that the attempt began with' USING ERRCODE = 'PD004';
  END IF;
  IF current_setting('synchronous_commit') IN ('off', 'local', 'remote_write') THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
  PERFORM pg_advisory_xact_lock_shared(own, 0);
  PERFORM FROM lane WHERE id = f_lane AND epoch = f_epoch FOR NO KEY UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'lane: another epoch owns it' USING ERRCODE = 'PD002'; END IF;
  -- The newest id of this session is the savepoint's, which the lock on the row has just given it.
  top := pg_current_xact_id()::text::bigint;
  SELECT l.transactionid::text::bigint INTO part FROM pg_locks l
    WHERE l.locktype = 'transactionid' AND l.pid = pg_backend_pid() AND l.mode = 'ExclusiveLock' AND l.granted ORDER BY age(l.transactionid) LIMIT 1;
  part := top + ((part - (top & 4294967295)) & 4294967295);
  IF part = top THEN RAISE EXCEPTION 'transaction: the record is written behind a savepoint' USING ERRCODE = 'PD004'; END IF;
  base := ((SELECT position_base FROM store) + part) << 16;

  INSERT INTO log (position, instance, version, at, hash, body)
    SELECT base + generate_subscripts(l_instance, 1) - 1, unnest(l_instance), unnest(l_version), unnest(l_at), unnest(l_hash), unnest(l_body);
  FOR r IN 1 .. t_rounds LOOP
    INSERT INTO transition (instance, visit, edge, position, at, status)
      SELECT n.instance, n.visit, n.edge, base + n.record, n.at, n.status
      FROM (SELECT unnest(t_round) AS round, unnest(t_instance) AS instance, unnest(t_visit) AS visit, unnest(t_edge) AS edge, unnest(t_record) AS record, unnest(t_at) AS at, unnest(t_status) AS status) n
      WHERE n.round = r;
  END LOOP;
  IF cardinality(u_instance) > 0 THEN
    UPDATE instance i SET status = n.status, updated_at = n.at
      FROM (SELECT unnest(u_instance) AS instance, unnest(u_at) AS at, unnest(u_status) AS status) n WHERE i.id = n.instance;
  END IF;
  IF cardinality(k_instance) > 0 THEN
    INSERT INTO step (instance, visit, generation, ordinal, name) SELECT unnest(k_instance), unnest(k_visit), unnest(k_generation), unnest(k_ordinal), unnest(k_name);
  END IF;
  IF cardinality(e_instance) > 0 THEN PERFORM leave_stack_1(e_instance, NULL); END IF;
  IF cardinality(a_lane) > 0 THEN
    INSERT INTO tally AS t (lane, state, status, n) SELECT n.* FROM (SELECT unnest(a_lane), unnest(a_state), unnest(a_status), unnest(a_n)) n (lane, state, status, n) ORDER BY 1, 2, 3
      ON CONFLICT (lane, state, status) DO UPDATE SET n = t.n + excluded.n;
  END IF;
  -- Of no lane: beside_1 holds no marker against it.
  PERFORM beside_1(-1::smallint, NULL, g_instance, g_ordinal, p_instance, p_intended_at, p_ordinal, p_visit, p_generation, p_name, p_operation, q_lane, q_map, q_operation, q_n,
    c_instance, c_kind, c_ordinal, d_lane, d_instance, d_kind, d_ordinal, d_due, o_lane, o_receiver, o_message, o_ordinal, o_state, o_type, o_schema, o_codec, o_body,
    x_receiver, x_message, r_key, r_instance, r_state, r_severity, r_code, r_summary, r_raised);
  RETURN base;
END $$;
