-- Perdure, schema 4: a child that has a key of its own lives where the key's home is. Its start is held against the map then, as any other that claims a key. Nodes of schema 3 go on beside it; those that have
-- the newest map start such children beside their parents, as ever.

CREATE OR REPLACE FUNCTION start_has_map() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE known int;
BEGIN
  PERFORM FROM added WHERE parent IS NULL OR business_key IS NOT NULL LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('perdure map ' || TG_TABLE_SCHEMA::text, 0));
  SELECT version INTO known FROM shard;
  IF known::text IS DISTINCT FROM current_setting('perdure.map', true) THEN
    RAISE EXCEPTION 'shard.map-older: version % of the shard map is in force here, and this start came by %', known, coalesce(nullif(current_setting('perdure.map', true), ''), 'none') USING ERRCODE = 'PD003';
  END IF;
  RETURN NULL;
END $$;
