-- Perdure, schema 3: the database may be one of several, among which keys are divided by a shard map. Where it is none, nothing changes. Nodes of schema 2 go on beside it.

-- One row where the database is one of a family: its number and name there, room for how many databases the family has, and the newest version of the map that is known here.
CREATE TABLE shard (
  "only"   boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  family   uuid    NOT NULL,
  capacity int     NOT NULL CHECK (capacity > 0),
  number   int     NOT NULL CHECK (number >= 0 AND number < capacity),
  version  int     NOT NULL CHECK (version > 0),
  name     text    COLLATE "C" NOT NULL
);

-- The databases among which each version of the map divides new keys.
CREATE TABLE shard_map (
  version   int    PRIMARY KEY,
  known_at  bigint NOT NULL,
  databases text[] NOT NULL
);

CREATE FUNCTION shard_goes_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.version < OLD.version THEN RAISE EXCEPTION 'shard: a newer map is never forgotten' USING ERRCODE = 'PD001'; END IF;
  IF (NEW.family, NEW.capacity, NEW.number, NEW.name) IS DISTINCT FROM (OLD.family, OLD.capacity, OLD.number, OLD.name) THEN
    RAISE EXCEPTION 'shard: a database stays what it is in its family' USING ERRCODE = 'PD001';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER shard_goes_on BEFORE UPDATE ON shard FOR EACH ROW EXECUTE FUNCTION shard_goes_on();
CREATE TRIGGER shard_is_kept BEFORE DELETE ON shard FOR EACH ROW EXECUTE FUNCTION refuse('shard: a database stays in its family');
CREATE TRIGGER shard_is_not_emptied BEFORE TRUNCATE ON shard EXECUTE FUNCTION refuse('shard: a database stays in its family');
CREATE TRIGGER shard_map_is_fixed BEFORE UPDATE ON shard_map FOR EACH ROW EXECUTE FUNCTION refuse('shard_map: a version is never changed');
CREATE TRIGGER shard_map_is_kept BEFORE DELETE ON shard_map FOR EACH ROW EXECUTE FUNCTION refuse('shard_map: a version is never removed');
CREATE TRIGGER shard_map_is_not_emptied BEFORE TRUNCATE ON shard_map EXECUTE FUNCTION refuse('shard_map: a version is never removed');

-- Who starts an instance was sent here by the newest map that is known here, and by no other. The lock is shared with others that start, and is held until the transaction ends: a version is
-- made known under the same lock, exclusively, so that afterwards every start under an older one is committed or will be refused. Children live with their parent and need no map.
CREATE FUNCTION start_has_map() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE known int;
BEGIN
  PERFORM FROM added WHERE parent IS NULL LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('perdure map ' || TG_TABLE_SCHEMA::text, 0));
  SELECT version INTO known FROM shard;
  IF known::text IS DISTINCT FROM current_setting('perdure.map', true) THEN
    RAISE EXCEPTION 'shard.map-older: version % of the shard map is in force here, and this start came by %', known, coalesce(nullif(current_setting('perdure.map', true), ''), 'none') USING ERRCODE = 'PD003';
  END IF;
  RETURN NULL;
END $$;

-- Makes a version of the map known here; the first time, makes the database one of its family. Gives the version that is known then. Versions are 1 to the number of maps.
CREATE FUNCTION know_map_1(k_family uuid, k_capacity int, k_number int, k_name text, k_at bigint, k_version int, k_databases text[]) RETURNS int LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE known int;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('perdure map ' || current_schema()::text, 0));
  INSERT INTO shard_map (version, known_at, databases) VALUES (k_version, k_at, k_databases) ON CONFLICT (version) DO NOTHING;
  SELECT version INTO known FROM shard;
  IF known IS NULL THEN
    INSERT INTO shard (family, capacity, number, name, version) VALUES (k_family, k_capacity, k_number, k_name, k_version);
    CREATE TRIGGER start_has_map AFTER INSERT ON instance REFERENCING NEW TABLE AS added EXECUTE FUNCTION start_has_map();
  ELSIF known < k_version THEN
    UPDATE shard SET version = k_version;
  END IF;
  RETURN (SELECT version FROM shard);
END $$;
