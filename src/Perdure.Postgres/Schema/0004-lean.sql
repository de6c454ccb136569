-- Turns that are cheaper to write: nothing else is held, and nothing less. Nodes of schema 3 go on beside it.
-- A trigger's condition is read from its text in each statement that may fire it. So what the engine's own statements never change is said by columns, and those statements are not held against it.

CREATE OR REPLACE TRIGGER lane_epoch_rises BEFORE UPDATE OF id, epoch ON lane FOR EACH ROW WHEN (NEW.id <> OLD.id OR NEW.epoch < OLD.epoch)
  EXECUTE FUNCTION refuse('lane: an epoch is never taken back');

CREATE OR REPLACE TRIGGER instance_is_fixed BEFORE UPDATE OF id, scope, priority, created_at, request_key, business_key, parent, parent_ordinal, trace_parent ON instance FOR EACH ROW WHEN (
    NEW.id <> OLD.id OR NEW.scope <> OLD.scope OR NEW.priority <> OLD.priority OR NEW.created_at <> OLD.created_at OR NEW.request_key <> OLD.request_key
    OR NEW.business_key IS DISTINCT FROM OLD.business_key OR NEW.parent IS DISTINCT FROM OLD.parent OR NEW.parent_ordinal IS DISTINCT FROM OLD.parent_ordinal
    OR NEW.trace_parent IS DISTINCT FROM OLD.trace_parent)
  EXECUTE FUNCTION refuse('instance: what an instance began with is never changed');
CREATE OR REPLACE TRIGGER instance_salt_is_fixed BEFORE UPDATE OF salt ON instance FOR EACH ROW WHEN (NEW.salt <> OLD.salt AND (NEW.status <> 5 OR length(NEW.salt) > 0))
  EXECUTE FUNCTION refuse('instance: a salt is never changed; only that of an ended instance may be erased');

-- What moves an instance is the trigger of its transition, in which the depth is 1: what it does was held against the edge. The columns are compared only where that is not so.
CREATE FUNCTION instance_rests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.map <> OLD.map OR NEW.state <> OLD.state OR NEW.visit <> OLD.visit OR NEW.checkpoint <> OLD.checkpoint THEN
    RAISE EXCEPTION 'instance: only a transition moves an instance' USING ERRCODE = 'PD001';
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER instance_moves_by_transition BEFORE UPDATE OF map, state, visit, checkpoint ON instance FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION instance_rests();
CREATE OR REPLACE TRIGGER instance_stays_ended BEFORE UPDATE OF status, visit ON instance FOR EACH ROW WHEN (OLD.status = 5 AND (NEW.status <> 5 OR NEW.visit <> OLD.visit))
  EXECUTE FUNCTION refuse('instance: it has ended, and stays ended');
CREATE OR REPLACE TRIGGER instance_ends_by_transition BEFORE UPDATE OF status ON instance FOR EACH ROW WHEN (NEW.status = 5 AND OLD.status <> 5 AND NEW.visit = OLD.visit)
  EXECUTE FUNCTION refuse('instance: only a transition ends an instance');

-- write_1 for a group that has nothing but records and tokens, which is what most turns are: of its fifty arrays the others cost more than such a turn where they are empty. Gives the first position.
CREATE FUNCTION write_steps_1(
  own int, f_lane smallint[], f_epoch bigint[], f_number bigint[], first int,
  l_instance bigint[], l_version bigint[], l_at bigint[], l_hash bytea[], l_body bytea[],
  k_instance bigint[], k_visit int[], k_generation int[], k_ordinal int[], k_name text[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE base bigint;
BEGIN
  PERFORM fence_1(own, f_lane, f_epoch, f_number);
  base := ((SELECT position_base FROM store) + pg_current_xact_id()::text::bigint) << 16 | first;
  INSERT INTO log (position, instance, version, at, hash, body)
    SELECT base + generate_subscripts(l_instance, 1) - 1, unnest(l_instance), unnest(l_version), unnest(l_at), unnest(l_hash), unnest(l_body);
  IF cardinality(k_instance) > 0 THEN
    INSERT INTO step (instance, visit, generation, ordinal, name) SELECT unnest(k_instance), unnest(k_visit), unnest(k_generation), unnest(k_ordinal), unnest(k_name);
  END IF;
  RETURN base;
END $$;
