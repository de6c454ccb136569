-- Perdure, schema 5: a database that worked alone can become the first of a family. Nodes of schema 4 go on beside it; a family that began so is none of theirs, and they are refused there.

-- Tables of its own: one that is there is not altered, since that waits for those who read it.

-- One row in each database of a family whose first database worked alone before: ids below this one are that database's, whatever their slot.
CREATE TABLE shard_since (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  since  bigint  NOT NULL
);
CREATE TRIGGER shard_since_is_fixed BEFORE UPDATE OR DELETE ON shard_since FOR EACH ROW EXECUTE FUNCTION refuse('shard_since: where the map begins is said once');
CREATE TRIGGER shard_since_is_not_emptied BEFORE TRUNCATE ON shard_since EXECUTE FUNCTION refuse('shard_since: where the map begins is said once');

-- The same number, said by a node that goes by it.
CREATE TABLE node_since (
  node  int    PRIMARY KEY REFERENCES node ON DELETE CASCADE,
  since bigint NOT NULL
);

-- Who joins such a family finds lanes as it does, or does not join. Under the lock of the map: a version that names other databases is made known once nobody else is there, and nobody else comes then.
CREATE FUNCTION node_goes_by_map() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  said bigint := nullif(current_setting('perdure.since', true), '')::bigint;
  own  bigint;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('perdure map ' || TG_TABLE_SCHEMA::text, 0));
  SELECT since INTO own FROM shard_since;
  IF own IS NOT NULL AND said IS DISTINCT FROM own THEN
    RAISE EXCEPTION 'the database is the first of several under a shard map, or another of them, and that first one worked alone before: give the node that map, and a build that knows of such' USING ERRCODE = 'PD005';
  END IF;
  IF said IS NOT NULL THEN INSERT INTO node_since (node, since) VALUES (NEW.id, said); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER node_goes_by_map AFTER INSERT ON node FOR EACH ROW EXECUTE FUNCTION node_goes_by_map();

-- As before; and in such a family every id is above those that were given before, and says that it is of this database: one that a node gives that works alone would be looked for elsewhere.
CREATE OR REPLACE FUNCTION start_has_map() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  own   record;
  known int;
  stray bigint;
BEGIN
  SELECT (SELECT since FROM shard_since) AS since, s.number, s.version, t.lanes, t.lanes * s.capacity AS whole INTO own FROM shard s, store t;
  IF own.since IS NOT NULL THEN
    SELECT id INTO stray FROM added WHERE id < own.since OR (id & 1023) % own.whole / own.lanes <> own.number LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'shard.map-older: version % of the shard map is in force here, and this start came by a node that knows none (%)', own.version, stray USING ERRCODE = 'PD003';
    END IF;
  END IF;
  PERFORM FROM added WHERE parent IS NULL OR business_key IS NOT NULL LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('perdure map ' || TG_TABLE_SCHEMA::text, 0));
  SELECT version INTO known FROM shard;
  IF known::text IS DISTINCT FROM current_setting('perdure.map', true) THEN
    RAISE EXCEPTION 'shard.map-older: version % of the shard map is in force here, and this start came by %', known, coalesce(nullif(current_setting('perdure.map', true), ''), 'none') USING ERRCODE = 'PD003';
  END IF;
  RETURN NULL;
END $$;

-- know_map_1 of a caller that knows where the family's ids begin: null where it began with empty databases, 0 where the first database is to say. Of a first database that has worked alone that is said here, once
-- and for ever, while nobody starts anything: it is above all that was given. A version that names other databases waits (PD006) until all nodes that are there go by it.
CREATE FUNCTION know_map_2(k_family uuid, k_capacity int, k_number int, k_name text, k_at bigint, k_version int, k_databases text[], k_since bigint) RETURNS int LANGUAGE plpgsql
SET search_path FROM CURRENT SET lock_timeout = '1500ms' AS $$
DECLARE
  known  int;
  own    bigint;
  others text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('perdure map ' || current_schema()::text, 0));
  SELECT version INTO known FROM shard;
  SELECT since INTO own FROM shard_since;
  IF known IS NULL THEN
    CREATE TRIGGER start_has_map AFTER INSERT ON instance REFERENCING NEW TABLE AS added EXECUTE FUNCTION start_has_map();
    IF k_since <> 0 THEN own := k_since;
    ELSIF k_since = 0 AND (EXISTS (SELECT FROM instance) OR EXISTS (SELECT FROM request_key) OR (k_databases = ARRAY[k_name] AND EXISTS (SELECT FROM node))) THEN
      -- The next millisecond: an id has 22 bits below it.
      own := ((coalesce(greatest((SELECT max(id) FROM instance), (SELECT max(instance) FROM removed)), 0) >> 22) + 1) << 22;
    END IF;
  ELSIF k_since IS DISTINCT FROM own AND k_since IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'the family''s first database worked alone before, which this node does not know, or not as it is: it needs a build that knows of such' USING ERRCODE = 'PD005';
  END IF;
  IF own IS NOT NULL AND k_version > coalesce(known, 0) AND k_databases <> ARRAY[k_name] THEN
    SELECT string_agg(format('node %s (%s, process %s)', id, host, pid), ', ' ORDER BY id) INTO others FROM node WHERE NOT EXISTS (SELECT FROM node_since s WHERE s.node = node.id);
    IF others IS NOT NULL THEN RAISE EXCEPTION '%', others USING ERRCODE = 'PD006'; END IF;
  END IF;
  INSERT INTO shard_map (version, known_at, databases) VALUES (k_version, k_at, k_databases) ON CONFLICT (version) DO NOTHING;
  IF known IS NULL THEN
    INSERT INTO shard (family, capacity, number, name, version) VALUES (k_family, k_capacity, k_number, k_name, k_version);
    IF own IS NOT NULL THEN INSERT INTO shard_since (since) VALUES (own); END IF;
  ELSIF known < k_version THEN
    UPDATE shard SET version = k_version;
  END IF;
  RETURN (SELECT version FROM shard);
END $$;

-- Of nodes of schema 4, and of families that they know.
CREATE OR REPLACE FUNCTION know_map_1(k_family uuid, k_capacity int, k_number int, k_name text, k_at bigint, k_version int, k_databases text[]) RETURNS int LANGUAGE sql SET search_path FROM CURRENT AS $$
  SELECT know_map_2(k_family, k_capacity, k_number, k_name, k_at, k_version, k_databases, NULL)
$$;
