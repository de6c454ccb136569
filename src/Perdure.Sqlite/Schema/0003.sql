-- Perdure, schema 3: what foreign keys held is held by triggers, so that the store writes with foreign keys off, as a shell does. A statement with an immediate foreign key keeps a copy of every page that it changes.

-- A record goes behind the last one of its instance, and in no other's place.
DROP TRIGGER log_has_no_gap;
DROP TRIGGER log_is_not_replaced;
CREATE TRIGGER log_goes_on BEFORE INSERT ON log
  WHEN NEW.version <> coalesce((SELECT version FROM log WHERE instance = NEW.instance ORDER BY version DESC LIMIT 1), 0) + 1
    OR (NEW.version = 1 AND NOT EXISTS (SELECT 1 FROM instance WHERE id = NEW.instance))
    OR (NEW.position > 0 AND EXISTS (SELECT 1 FROM log WHERE position = NEW.position))
  BEGIN
    SELECT RAISE(FAIL, 'log: a record is never replaced') WHERE NEW.position > 0 AND EXISTS (SELECT 1 FROM log WHERE position = NEW.position);
    SELECT RAISE(FAIL, 'log: the version is not the next one of its instance');
  END;

DROP TRIGGER instance_is_not_replaced;
CREATE TRIGGER instance_begins BEFORE INSERT ON instance
  WHEN NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.state AND map = NEW.map)
    OR NOT EXISTS (SELECT 1 FROM scope WHERE id = NEW.scope)
    OR EXISTS (SELECT 1 FROM instance WHERE id = NEW.id)
  BEGIN
    SELECT RAISE(FAIL, 'instance: an instance is never replaced') WHERE EXISTS (SELECT 1 FROM instance WHERE id = NEW.id);
    SELECT RAISE(FAIL, 'instance: its map has no such state') WHERE NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.state AND map = NEW.map);
    SELECT RAISE(FAIL, 'instance: there is no such scope');
  END;

-- A key that is taken stays whose it is: the row that asks for it is left out, without an error.
DROP TRIGGER request_key_is_not_replaced;
CREATE TRIGGER request_key_is_taken_once BEFORE INSERT ON request_key
  WHEN NOT EXISTS (SELECT 1 FROM scope WHERE id = NEW.scope) OR EXISTS (SELECT 1 FROM request_key WHERE scope = NEW.scope AND key = NEW.key)
  BEGIN
    SELECT RAISE(FAIL, 'request_key: there is no such scope') WHERE NOT EXISTS (SELECT 1 FROM scope WHERE id = NEW.scope);
    SELECT RAISE(IGNORE);
  END;
DROP TRIGGER business_key_is_not_replaced;
CREATE TRIGGER business_key_is_taken_once BEFORE INSERT ON business_key
  WHEN NOT EXISTS (SELECT 1 FROM scope WHERE id = NEW.scope) OR EXISTS (SELECT 1 FROM business_key WHERE scope = NEW.scope AND key = NEW.key)
  BEGIN
    SELECT RAISE(FAIL, 'business_key: there is no such scope') WHERE NOT EXISTS (SELECT 1 FROM scope WHERE id = NEW.scope);
    SELECT RAISE(IGNORE);
  END;

-- What has a trigger of its own for its map (state, edge) or its edge (transition) needs none here.
CREATE TRIGGER edge_joins_states BEFORE INSERT ON edge
  WHEN NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.from_state AND map = NEW.map) OR NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.to_state AND map = NEW.map)
  BEGIN SELECT RAISE(ABORT, 'edge: its map has no such state'); END;
CREATE TRIGGER page_is_of_a_state BEFORE INSERT ON page WHEN NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.state) BEGIN SELECT RAISE(FAIL, 'page: there is no such state'); END;
CREATE TRIGGER tally_is_of_a_state BEFORE INSERT ON tally WHEN NOT EXISTS (SELECT 1 FROM state WHERE id = NEW.state) BEGIN SELECT RAISE(FAIL, 'tally: there is no such state'); END;
CREATE TRIGGER stack_tally_is_of_a_map BEFORE INSERT ON stack_tally WHEN NOT EXISTS (SELECT 1 FROM map WHERE id = NEW.map) BEGIN SELECT RAISE(FAIL, 'stack_tally: there is no such map'); END;
