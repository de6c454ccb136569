-- How nodes write. The name carries a version: a newer build brings functions of new names and leaves these for nodes of the build before.

-- Takes the fences of lanes in their order: marker becomes the number of the batch, under the epoch, and only upwards. Holds the rows until the transaction ends.
-- The shared lock (own, 0) is taken before the transaction gets its id: by it a reader knows that the transaction may still write to the log.
CREATE FUNCTION fence_1(own int, f_lane smallint[], f_epoch bigint[], f_number bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE taken bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(own, 0);
  UPDATE lane l SET marker = f.number
    FROM (SELECT unnest(f_lane) AS lane, unnest(f_epoch) AS epoch, unnest(f_number) AS number) f
    WHERE l.id = f.lane AND l.epoch = f.epoch AND f.number > l.marker AND f.number > l.closed;
  GET DIAGNOSTICS taken = ROW_COUNT;
  IF taken <> cardinality(f_lane) THEN RAISE EXCEPTION 'lane: another epoch owns it, or the batch comes too late' USING ERRCODE = 'PD002'; END IF;
END $$;

-- Takes entries off the stack; all of an instance where the ordinal is null.
CREATE FUNCTION leave_stack_1(g_instance bigint[], g_ordinal int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH gone AS (
    DELETE FROM stack s USING (SELECT unnest(g_instance) AS instance, unnest(g_ordinal) AS ordinal) g
      WHERE s.instance = g.instance AND (g.ordinal IS NULL OR s.ordinal = g.ordinal) RETURNING s.instance, s.operation)
  INSERT INTO stack_tally AS t (lane, map, operation, n)
    SELECT (g.instance & 1023) % (SELECT lanes FROM store) AS lane, i.map, g.operation, -count(*) FROM gone g JOIN instance i ON i.id = g.instance GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (lane, map, operation) DO UPDATE SET n = t.n + excluded.n;
END $$;

-- Writes the items of a group. Looks first: where a request key (1), a business key (2) or a message (3) is there already, it writes nothing and tells which, and whose it is.
-- Otherwise it gives one row, 0, with the position of the first record. Prefixes: f fences, s starts, b business keys, m messages, l log, t transitions, u statuses, k steps,
-- e stacks to be emptied, a counts. Rows of keys are written in the order of the keys, so that two nodes wait for each other in one direction only.
CREATE FUNCTION write_1(
  own int, f_lane smallint[], f_epoch bigint[], f_number bigint[], first int,
  s_instance bigint[], s_scope int[], s_map int[], s_state int[], s_status smallint[], s_record int[], s_at bigint[], s_priority int[], s_key text[], s_business text[], s_hash bytea[],
  s_salt bytea[], s_parent bigint[], s_parent_ordinal int[], s_trace text[], s_attributes text[],
  b_instance bigint[], b_scope int[], b_key text[],
  m_instance bigint[], m_id text[],
  l_instance bigint[], l_version bigint[], l_at bigint[], l_hash bytea[], l_body bytea[],
  t_rounds int, t_round smallint[], t_instance bigint[], t_visit int[], t_edge int[], t_record int[], t_at bigint[], t_status smallint[],
  u_instance bigint[], u_at bigint[], u_status smallint[],
  k_instance bigint[], k_visit int[], k_generation int[], k_ordinal int[], k_name text[],
  e_instance bigint[],
  a_lane smallint[], a_state int[], a_status smallint[], a_n bigint[])
RETURNS TABLE (r_what int, r_index int, r_holder bigint, r_version int, r_hash bytea, r_at bigint) LANGUAGE plpgsql AS $$
DECLARE
  base  bigint;
  taken boolean := false;
BEGIN
  IF cardinality(s_key) > 0 THEN
    RETURN QUERY SELECT 1, n.i, k.instance, m.version, k.payload_hash, k.created_at
      FROM (SELECT unnest(s_scope) AS scope, unnest(s_key) AS key, generate_subscripts(s_key, 1) - 1 AS i) n
      JOIN request_key k ON k.scope = n.scope AND k.key = n.key JOIN map m ON m.id = k.map;
    taken := taken OR FOUND;
  END IF;
  IF cardinality(b_key) > 0 THEN
    RETURN QUERY SELECT 2, n.i, k.instance, NULL::int, NULL::bytea, NULL::bigint
      FROM (SELECT unnest(b_scope) AS scope, unnest(b_key) AS key, generate_subscripts(b_key, 1) - 1 AS i) n JOIN business_key k ON k.scope = n.scope AND k.key = n.key;
    taken := taken OR FOUND;
  END IF;
  IF cardinality(m_id) > 0 THEN
    RETURN QUERY SELECT 3, n.i, k.instance, NULL::int, NULL::bytea, NULL::bigint
      FROM (SELECT unnest(m_instance) AS instance, unnest(m_id) AS id, generate_subscripts(m_id, 1) - 1 AS i) n JOIN message k ON k.instance = n.instance AND k.id = n.id;
    taken := taken OR FOUND;
  END IF;
  IF taken THEN RETURN; END IF;

  PERFORM fence_1(own, f_lane, f_epoch, f_number);
  base := ((SELECT position_base FROM store) + pg_current_xact_id()::text::bigint) << 16 | first;

  IF cardinality(s_key) > 0 THEN
    INSERT INTO request_key (scope, key, instance, map, payload_hash, created_at)
      SELECT n.* FROM (SELECT unnest(s_scope), unnest(s_key), unnest(s_instance), unnest(s_map), unnest(s_hash), unnest(s_at)) n (scope, key, instance, map, hash, at) ORDER BY n.scope, n.key;
    IF cardinality(b_key) > 0 THEN
      INSERT INTO business_key (scope, key, instance) SELECT n.* FROM (SELECT unnest(b_scope), unnest(b_key), unnest(b_instance)) n (scope, key, instance) ORDER BY n.scope, n.key;
    END IF;
    INSERT INTO instance (id, scope, map, state, status, visit, checkpoint, priority, created_at, updated_at, request_key, business_key, salt, parent, parent_ordinal, trace_parent, attributes)
      SELECT unnest(s_instance), unnest(s_scope), unnest(s_map), unnest(s_state), unnest(s_status), 1, base + unnest(s_record), unnest(s_priority), unnest(s_at), unnest(s_at),
        unnest(s_key), unnest(s_business), unnest(s_salt), unnest(s_parent), unnest(s_parent_ordinal), unnest(s_trace), unnest(s_attributes);
  END IF;
  IF cardinality(m_id) > 0 THEN INSERT INTO message (instance, id) SELECT unnest(m_instance), unnest(m_id); END IF;
  IF cardinality(l_instance) > 0 THEN
    INSERT INTO log (position, instance, version, at, hash, body)
      SELECT base + generate_subscripts(l_instance, 1) - 1, unnest(l_instance), unnest(l_version), unnest(l_at), unnest(l_hash), unnest(l_body);
  END IF;
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
  RETURN QUERY SELECT 0, 0, base, NULL::int, NULL::bytea, NULL::bigint;
END $$;

-- Writes what stands beside the records of the group that write_1 has just written in this transaction; nothing where it wrote nothing. Prefixes: g entries that leave the stack,
-- p those that come, q how many of each operation, c timers to forget, d timers to keep, o messages to others, x messages that have arrived, r pages.
CREATE FUNCTION beside_1(
  f_lane smallint, f_number bigint,
  g_instance bigint[], g_ordinal int[],
  p_instance bigint[], p_intended_at bigint[], p_ordinal int[], p_visit int[], p_generation int[], p_name text[], p_operation text[],
  q_lane smallint[], q_map int[], q_operation text[], q_n bigint[],
  c_instance bigint[], c_kind smallint[], c_ordinal int[],
  d_lane smallint[], d_instance bigint[], d_kind smallint[], d_ordinal int[], d_due bigint[],
  o_lane smallint[], o_receiver bigint[], o_message text[], o_ordinal int[], o_state text[], o_type text[], o_schema text[], o_codec text[], o_body bytea[],
  x_receiver bigint[], x_message text[],
  r_key text[], r_instance bigint[], r_state int[], r_severity smallint[], r_code text[], r_summary text[], r_raised bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT marker FROM lane WHERE id = f_lane) IS DISTINCT FROM f_number THEN RETURN; END IF;
  IF cardinality(g_instance) > 0 THEN PERFORM leave_stack_1(g_instance, g_ordinal); END IF;
  IF cardinality(p_instance) > 0 THEN
    INSERT INTO stack (instance, intended_at, ordinal, visit, generation, name, operation)
      SELECT unnest(p_instance), unnest(p_intended_at), unnest(p_ordinal), unnest(p_visit), unnest(p_generation), unnest(p_name), unnest(p_operation);
    INSERT INTO stack_tally AS t (lane, map, operation, n) SELECT n.* FROM (SELECT unnest(q_lane), unnest(q_map), unnest(q_operation), unnest(q_n)) n (lane, map, operation, n) ORDER BY 1, 2, 3
      ON CONFLICT (lane, map, operation) DO UPDATE SET n = t.n + excluded.n;
  END IF;
  IF cardinality(c_instance) > 0 THEN
    DELETE FROM timer t USING (SELECT unnest(c_instance) AS instance, unnest(c_kind) AS kind, unnest(c_ordinal) AS ordinal) n
      WHERE t.instance = n.instance AND t.kind = n.kind AND t.ordinal = n.ordinal;
  END IF;
  IF cardinality(d_instance) > 0 THEN
    INSERT INTO timer (lane, instance, kind, ordinal, due) SELECT unnest(d_lane), unnest(d_instance), unnest(d_kind), unnest(d_ordinal), unnest(d_due)
      ON CONFLICT (instance, kind, ordinal) DO UPDATE SET due = excluded.due;
  END IF;
  IF cardinality(o_receiver) > 0 THEN
    INSERT INTO outbox (lane, receiver, message_id, ordinal, state, type, schema, codec, body)
      SELECT unnest(o_lane), unnest(o_receiver), unnest(o_message), unnest(o_ordinal), unnest(o_state), unnest(o_type), unnest(o_schema), unnest(o_codec), unnest(o_body)
      ON CONFLICT (receiver, message_id) DO NOTHING;
  END IF;
  IF cardinality(x_receiver) > 0 THEN
    DELETE FROM outbox o USING (SELECT unnest(x_receiver) AS receiver, unnest(x_message) AS message) n WHERE o.receiver = n.receiver AND o.message_id = n.message;
  END IF;
  IF cardinality(r_key) > 0 THEN
    INSERT INTO page (key, instance, state, severity, code, summary, raised_at)
      SELECT unnest(r_key), unnest(r_instance), unnest(r_state), unnest(r_severity), unnest(r_code), unnest(r_summary), unnest(r_raised)
      ON CONFLICT (key) DO NOTHING;
  END IF;
END $$;
