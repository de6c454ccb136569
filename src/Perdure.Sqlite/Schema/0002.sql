-- Perdure, schema 2: what has ended can be removed, its keys later.

-- Instances that were removed, until their keys are. Only what stands here may go from the other tables.
CREATE TABLE removed (
  instance     INTEGER PRIMARY KEY,
  scope        INTEGER NOT NULL,
  key          TEXT    NOT NULL,
  business_key TEXT
) STRICT;
CREATE TRIGGER removed_has_ended BEFORE INSERT ON removed WHEN (SELECT status FROM instance WHERE id = NEW.instance) IS NOT 5
  BEGIN SELECT RAISE(ABORT, 'removed: only an instance that has ended is removed'); END;
CREATE TRIGGER removed_is_fixed BEFORE UPDATE ON removed BEGIN SELECT RAISE(ABORT, 'removed: what was removed is never changed'); END;
CREATE TRIGGER removed_is_kept BEFORE DELETE ON removed WHEN EXISTS (SELECT 1 FROM request_key WHERE scope = OLD.scope AND key = OLD.key AND instance = OLD.instance)
  BEGIN SELECT RAISE(ABORT, 'removed: it is remembered as long as the key'); END;

-- One row: the highest position of a record that was removed. Positions go on above it.
CREATE TABLE sweep (
  id       INTEGER PRIMARY KEY CHECK (id = 0),
  position INTEGER NOT NULL
) STRICT;
INSERT INTO sweep (id, position) VALUES (0, 0);
CREATE TRIGGER sweep_rises BEFORE UPDATE ON sweep WHEN NEW.position < OLD.position BEGIN SELECT RAISE(ABORT, 'sweep: what was removed does not come back'); END;
CREATE TRIGGER sweep_is_kept BEFORE DELETE ON sweep BEGIN SELECT RAISE(ABORT, 'sweep: what was removed does not come back'); END;
CREATE TRIGGER sweep_is_not_replaced BEFORE INSERT ON sweep BEGIN SELECT RAISE(ABORT, 'sweep: what was removed does not come back'); END;

-- The rows of an instance go with it, and not otherwise.
DROP TRIGGER instance_is_kept;
CREATE TRIGGER instance_is_kept BEFORE DELETE ON instance
  WHEN NOT EXISTS (SELECT 1 FROM removed WHERE instance = OLD.id) OR EXISTS (SELECT 1 FROM log WHERE instance = OLD.id)
  BEGIN SELECT RAISE(ABORT, 'instance: an instance with a log is never removed'); END;
DROP TRIGGER log_is_append_only;
CREATE TRIGGER log_is_append_only BEFORE DELETE ON log WHEN NOT EXISTS (SELECT 1 FROM removed WHERE instance = OLD.instance)
  BEGIN SELECT RAISE(ABORT, 'log: a record is never removed without its instance'); END;
DROP TRIGGER transition_is_kept;
CREATE TRIGGER transition_is_kept BEFORE DELETE ON transition WHEN NOT EXISTS (SELECT 1 FROM removed WHERE instance = OLD.instance)
  BEGIN SELECT RAISE(ABORT, 'transition: a transition is never removed without its instance'); END;
DROP TRIGGER step_is_kept;
CREATE TRIGGER step_is_kept BEFORE DELETE ON step WHEN NOT EXISTS (SELECT 1 FROM removed WHERE instance = OLD.instance)
  BEGIN SELECT RAISE(ABORT, 'step: a token is never removed without its instance'); END;
DROP TRIGGER page_is_kept;
CREATE TRIGGER page_is_kept BEFORE DELETE ON page WHEN NOT EXISTS (SELECT 1 FROM removed WHERE instance = OLD.instance)
  BEGIN SELECT RAISE(ABORT, 'page: what was raised is never removed without its instance'); END;
