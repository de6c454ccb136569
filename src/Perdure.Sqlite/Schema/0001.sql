-- Perdure, schema 1. Small integer numbers stand for names; the views at the end show the names.
-- Statuses: 0 running, 1 waiting, 2 paused, 3 incident, 4 compensating, 5 ended.

CREATE TABLE schema_version (
  version    INTEGER PRIMARY KEY,
  applied_at INTEGER NOT NULL,
  build      TEXT    NOT NULL
) STRICT;
CREATE TRIGGER schema_version_is_fixed BEFORE UPDATE ON schema_version BEGIN SELECT RAISE(ABORT, 'schema_version: what was applied is never changed'); END;
CREATE TRIGGER schema_version_is_kept  BEFORE DELETE ON schema_version BEGIN SELECT RAISE(ABORT, 'schema_version: what was applied is never removed'); END;
-- REPLACE removes the row in its way without firing the trigger on DELETE: this one, and those like it below, stand in for that.
CREATE TRIGGER schema_version_is_not_replaced BEFORE INSERT ON schema_version WHEN EXISTS (SELECT 1 FROM schema_version WHERE version = NEW.version)
  BEGIN SELECT RAISE(ABORT, 'schema_version: what was applied is never replaced'); END;

-- The fence. Every commit begins by writing its marker here under its epoch.
CREATE TABLE lane (
  id     INTEGER PRIMARY KEY,
  epoch  INTEGER NOT NULL,
  marker INTEGER NOT NULL,
  clean  INTEGER NOT NULL,
  host   TEXT    NOT NULL,
  pid    INTEGER NOT NULL,
  build  TEXT    NOT NULL,
  since  INTEGER NOT NULL
) STRICT;
CREATE TRIGGER lane_epoch_rises BEFORE UPDATE OF id, epoch ON lane WHEN NEW.id <> OLD.id OR NEW.epoch < OLD.epoch
  BEGIN SELECT RAISE(ABORT, 'lane: an epoch is never taken back'); END;
CREATE TRIGGER lane_is_kept BEFORE DELETE ON lane BEGIN SELECT RAISE(ABORT, 'lane: an epoch is never taken back'); END;
CREATE TRIGGER lane_is_not_replaced BEFORE INSERT ON lane WHEN NEW.epoch <= (SELECT epoch FROM lane WHERE id = NEW.id)
  BEGIN SELECT RAISE(ABORT, 'lane: an epoch is never taken back'); END;

-- Maps: what was declared, never changed.
CREATE TABLE map (
  id          INTEGER PRIMARY KEY,
  workflow    TEXT    NOT NULL,
  version     INTEGER NOT NULL,
  fingerprint TEXT    NOT NULL,
  definition  TEXT    NOT NULL,
  states      INTEGER NOT NULL,
  edges       INTEGER NOT NULL,
  UNIQUE (workflow, version)
) STRICT;

CREATE TABLE state (
  id   INTEGER PRIMARY KEY,
  map  INTEGER NOT NULL REFERENCES map,
  name TEXT    NOT NULL,
  kind TEXT    NOT NULL,
  role TEXT,
  UNIQUE (map, name)
) STRICT;

CREATE TABLE edge (
  id         INTEGER PRIMARY KEY,
  map        INTEGER NOT NULL REFERENCES map,
  from_state INTEGER NOT NULL REFERENCES state,
  to_state   INTEGER NOT NULL REFERENCES state,
  UNIQUE (map, from_state, to_state)
) STRICT;

CREATE TRIGGER map_is_fixed    BEFORE UPDATE ON map   BEGIN SELECT RAISE(ABORT, 'map: a stored map is never changed; give the changed one a new version'); END;
CREATE TRIGGER map_is_kept     BEFORE DELETE ON map   BEGIN SELECT RAISE(ABORT, 'map: a stored map is never removed'); END;
CREATE TRIGGER map_is_not_replaced BEFORE INSERT ON map WHEN EXISTS (SELECT 1 FROM map WHERE id = NEW.id OR (workflow = NEW.workflow AND version = NEW.version))
  BEGIN SELECT RAISE(ABORT, 'map: a stored map is never replaced; give the changed one a new version'); END;
CREATE TRIGGER state_is_fixed  BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'state: a stored state is never changed'); END;
CREATE TRIGGER state_is_kept   BEFORE DELETE ON state BEGIN SELECT RAISE(ABORT, 'state: a stored state is never removed'); END;
CREATE TRIGGER state_is_sealed BEFORE INSERT ON state
  WHEN (SELECT count(*) FROM state WHERE map = NEW.map) >= coalesce((SELECT states FROM map WHERE id = NEW.map), 0)
  BEGIN SELECT RAISE(ABORT, 'state: the map has all its states'); END;
CREATE TRIGGER edge_is_fixed   BEFORE UPDATE ON edge  BEGIN SELECT RAISE(ABORT, 'edge: a declared edge is never changed'); END;
CREATE TRIGGER edge_is_kept    BEFORE DELETE ON edge  BEGIN SELECT RAISE(ABORT, 'edge: a declared edge is never removed'); END;
CREATE TRIGGER edge_is_sealed  BEFORE INSERT ON edge
  WHEN (SELECT count(*) FROM edge WHERE map = NEW.map) >= coalesce((SELECT edges FROM map WHERE id = NEW.map), 0)
  BEGIN SELECT RAISE(ABORT, 'edge: the map has all its edges'); END;

-- What request keys and business keys are unique in.
CREATE TABLE scope (
  id        INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  workflow  TEXT NOT NULL,
  UNIQUE (namespace, workflow)
) STRICT;
CREATE TRIGGER scope_is_fixed BEFORE UPDATE ON scope BEGIN SELECT RAISE(ABORT, 'scope: a scope of keys is never changed'); END;
CREATE TRIGGER scope_is_kept  BEFORE DELETE ON scope BEGIN SELECT RAISE(ABORT, 'scope: a scope of keys is never removed'); END;
CREATE TRIGGER scope_is_not_replaced BEFORE INSERT ON scope WHEN EXISTS (SELECT 1 FROM scope WHERE id = NEW.id)
  BEGIN SELECT RAISE(ABORT, 'scope: a scope of keys is never replaced'); END;

-- The idempotency keys of starts. They may outlive their instances, so they repeat what an answer needs.
CREATE TABLE request_key (
  scope        INTEGER NOT NULL REFERENCES scope,
  key          TEXT    NOT NULL,
  instance     INTEGER NOT NULL,
  map          INTEGER NOT NULL,
  payload_hash BLOB    NOT NULL,
  created_at   INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE business_key (
  scope    INTEGER NOT NULL REFERENCES scope,
  key      TEXT    NOT NULL,
  instance INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

-- A key that is taken stays whose it is. The engine asks for taken keys too and counts the rows, so that these leave the row as it is instead of raising an error.
CREATE TRIGGER request_key_is_not_replaced BEFORE INSERT ON request_key WHEN EXISTS (SELECT 1 FROM request_key WHERE scope = NEW.scope AND key = NEW.key)
  BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER request_key_is_fixed BEFORE UPDATE ON request_key BEGIN SELECT RAISE(ABORT, 'request_key: a key is never given to another'); END;
CREATE TRIGGER request_key_is_kept BEFORE DELETE ON request_key WHEN EXISTS (SELECT 1 FROM instance WHERE id = OLD.instance)
  BEGIN SELECT RAISE(FAIL, 'request_key: the key of an instance is kept as long as the instance'); END;
CREATE TRIGGER business_key_is_not_replaced BEFORE INSERT ON business_key WHEN EXISTS (SELECT 1 FROM business_key WHERE scope = NEW.scope AND key = NEW.key)
  BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER business_key_is_fixed BEFORE UPDATE ON business_key BEGIN SELECT RAISE(ABORT, 'business_key: a key is never given to another'); END;
CREATE TRIGGER business_key_is_kept BEFORE DELETE ON business_key WHEN EXISTS (SELECT 1 FROM instance WHERE id = OLD.instance)
  BEGIN SELECT RAISE(FAIL, 'business_key: the key of an instance is kept as long as the instance'); END;

-- One row for each instance; written at its start, at a transition, and when its status changes. A running step does not touch it.
CREATE TABLE instance (
  id             INTEGER PRIMARY KEY,
  scope          INTEGER NOT NULL REFERENCES scope,
  map            INTEGER NOT NULL REFERENCES map,
  state          INTEGER NOT NULL REFERENCES state,
  status         INTEGER NOT NULL CHECK (status BETWEEN 0 AND 5),
  visit          INTEGER NOT NULL,
  checkpoint     INTEGER NOT NULL,
  priority       INTEGER NOT NULL,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL,
  request_key    TEXT    NOT NULL,
  business_key   TEXT,
  salt           BLOB    NOT NULL,
  parent         INTEGER,
  parent_ordinal INTEGER,
  trace_parent   TEXT,
  attributes     TEXT
) STRICT;
CREATE INDEX instance_by_state ON instance (state, status);
CREATE TRIGGER instance_is_not_replaced BEFORE INSERT ON instance WHEN EXISTS (SELECT 1 FROM instance WHERE id = NEW.id)
  BEGIN SELECT RAISE(FAIL, 'instance: an instance is never replaced'); END;
CREATE TRIGGER instance_is_fixed BEFORE UPDATE OF id, scope, priority, created_at, request_key, business_key, parent, parent_ordinal ON instance
  BEGIN SELECT RAISE(ABORT, 'instance: what an instance began with is never changed'); END;
CREATE TRIGGER instance_salt_is_fixed BEFORE UPDATE OF salt ON instance WHEN NEW.status <> 5 OR length(NEW.salt) > 0
  BEGIN SELECT RAISE(ABORT, 'instance: a salt is never changed; only that of an ended instance may be erased'); END;
CREATE TRIGGER instance_ends_by_transition BEFORE UPDATE OF status ON instance WHEN NEW.visit = OLD.visit AND (NEW.status = 5) <> (OLD.status = 5)
  BEGIN
    SELECT RAISE(FAIL, 'instance: it has ended, and stays ended') WHERE OLD.status = 5;
    SELECT RAISE(FAIL, 'instance: only a transition ends an instance');
  END;

-- The log of all instances in the order in which their records became visible.
CREATE TABLE log (
  position INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  version  INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  hash     BLOB    NOT NULL,
  body     BLOB    NOT NULL,
  digest   BLOB,
  UNIQUE (instance, version)
) STRICT;

CREATE TRIGGER log_has_no_gap BEFORE INSERT ON log
  WHEN NEW.version <> coalesce((SELECT max(version) FROM log WHERE instance = NEW.instance), 0) + 1
    OR (NEW.version = 1 AND NOT EXISTS (SELECT 1 FROM instance WHERE id = NEW.instance))
  BEGIN SELECT RAISE(FAIL, 'log: the version is not the next one of its instance'); END;
CREATE TRIGGER log_is_not_replaced BEFORE INSERT ON log WHEN NEW.position > 0 AND EXISTS (SELECT 1 FROM log WHERE position = NEW.position)
  BEGIN SELECT RAISE(FAIL, 'log: a record is never replaced'); END;
CREATE TRIGGER log_is_append_only BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'log: a record is never removed'); END;
CREATE TRIGGER log_is_fixed BEFORE UPDATE ON log
  WHEN NOT (OLD.digest IS NULL AND length(NEW.digest) = 32 AND length(NEW.body) = 0
    AND NEW.position = OLD.position AND NEW.instance = OLD.instance AND NEW.version = OLD.version AND NEW.at = OLD.at AND NEW.hash = OLD.hash
    AND (SELECT status FROM instance WHERE id = OLD.instance) = 5)
  BEGIN SELECT RAISE(ABORT, 'log: a record is never changed; only the body of an ended instance may be erased, leaving its digest'); END;

-- Transitions, held against the declared edges and the instance's present state. The row moves the instance.
CREATE TABLE transition (
  instance INTEGER NOT NULL,
  visit    INTEGER NOT NULL,
  edge     INTEGER NOT NULL REFERENCES edge,
  position INTEGER NOT NULL,
  at       INTEGER NOT NULL,
  status   INTEGER NOT NULL,
  PRIMARY KEY (instance, visit)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER transition_is_declared BEFORE INSERT ON transition
  WHEN NOT EXISTS (SELECT 1 FROM instance i JOIN edge e ON e.id = NEW.edge JOIN state s ON s.id = e.to_state
    WHERE i.id = NEW.instance AND e.map = i.map AND e.from_state = i.state AND NEW.visit = i.visit + 1 AND (NEW.status = 5) = (s.kind IN ('end', 'revoked')))
  BEGIN
    SELECT RAISE(FAIL, 'transition: there is no such instance') WHERE NOT EXISTS (SELECT 1 FROM instance WHERE id = NEW.instance);
    SELECT RAISE(FAIL, 'transition: the edge is not declared in the map of the instance')
      WHERE NOT EXISTS (SELECT 1 FROM edge e JOIN instance i ON i.map = e.map WHERE e.id = NEW.edge AND i.id = NEW.instance);
    SELECT RAISE(FAIL, 'transition: the edge does not leave the present state of the instance')
      WHERE NOT EXISTS (SELECT 1 FROM edge e JOIN instance i ON i.state = e.from_state WHERE e.id = NEW.edge AND i.id = NEW.instance);
    SELECT RAISE(FAIL, 'transition: the visit is not the next one of the instance')
      WHERE NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = NEW.instance AND NEW.visit = i.visit + 1);
    SELECT RAISE(FAIL, 'transition: an instance ends where its map has an end, and nowhere else');
  END;
CREATE TRIGGER transition_moves AFTER INSERT ON transition
  BEGIN
    UPDATE instance SET state = (SELECT to_state FROM edge WHERE id = NEW.edge), status = NEW.status, visit = NEW.visit, checkpoint = NEW.position, updated_at = NEW.at
      WHERE id = NEW.instance;
  END;
CREATE TRIGGER transition_is_fixed BEFORE UPDATE ON transition BEGIN SELECT RAISE(ABORT, 'transition: a transition is never changed'); END;
CREATE TRIGGER transition_is_kept  BEFORE DELETE ON transition BEGIN SELECT RAISE(ABORT, 'transition: a transition is never removed'); END;
CREATE TRIGGER instance_moves_by_transition BEFORE UPDATE OF map, state, visit, checkpoint ON instance
  WHEN NOT EXISTS (SELECT 1 FROM transition t JOIN edge e ON e.id = t.edge
    WHERE t.instance = NEW.id AND t.visit = NEW.visit AND e.to_state = NEW.state AND t.position = NEW.checkpoint AND NEW.map = OLD.map AND NEW.visit = OLD.visit + 1)
  BEGIN SELECT RAISE(FAIL, 'instance: only a transition moves an instance'); END;
CREATE TRIGGER instance_is_kept BEFORE DELETE ON instance BEGIN SELECT RAISE(ABORT, 'instance: an instance with a log is never removed'); END;

-- Tokens: a token is a pure function of these four, so that this key is the token's.
CREATE TABLE step (
  instance   INTEGER NOT NULL,
  visit      INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  ordinal    INTEGER NOT NULL,
  PRIMARY KEY (instance, visit, name, generation)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER step_is_fixed BEFORE UPDATE ON step BEGIN SELECT RAISE(ABORT, 'step: a token is never changed'); END;
CREATE TRIGGER step_is_kept  BEFORE DELETE ON step BEGIN SELECT RAISE(ABORT, 'step: a token is never removed'); END;

-- What may have to be undone, of instances that have not ended; and how much of it there is of each operation.
CREATE TABLE stack (
  instance    INTEGER NOT NULL,
  ordinal     INTEGER NOT NULL,
  visit       INTEGER NOT NULL,
  name        TEXT    NOT NULL,
  generation  INTEGER NOT NULL,
  operation   TEXT    NOT NULL,
  intended_at INTEGER NOT NULL,
  PRIMARY KEY (instance, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE stack_tally (
  map       INTEGER NOT NULL REFERENCES map,
  operation TEXT    NOT NULL,
  n         INTEGER NOT NULL,
  PRIMARY KEY (map, operation)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
  instance INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  ordinal  INTEGER NOT NULL,
  due      INTEGER NOT NULL,
  PRIMARY KEY (instance, kind, ordinal)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_by_due ON timer (due, instance, kind, ordinal);

-- Message ids taken in.
CREATE TABLE message (
  instance INTEGER NOT NULL,
  id       TEXT    NOT NULL,
  PRIMARY KEY (instance, id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_is_fixed BEFORE UPDATE ON message BEGIN SELECT RAISE(ABORT, 'message: an id that was taken in is never changed'); END;

-- Messages between instances, until they have arrived.
CREATE TABLE outbox (
  position   INTEGER PRIMARY KEY AUTOINCREMENT,
  receiver   INTEGER NOT NULL,
  message_id TEXT    NOT NULL,
  ordinal    INTEGER NOT NULL,
  state      TEXT    NOT NULL,
  type       TEXT    NOT NULL,
  schema     TEXT    NOT NULL,
  codec      TEXT    NOT NULL,
  body       BLOB    NOT NULL,
  UNIQUE (receiver, message_id)
) STRICT;

CREATE TABLE page (
  id           INTEGER PRIMARY KEY,
  key          TEXT    NOT NULL UNIQUE,
  instance     INTEGER NOT NULL,
  state        INTEGER NOT NULL REFERENCES state,
  severity     INTEGER NOT NULL,
  code         TEXT    NOT NULL,
  summary      TEXT    NOT NULL,
  raised_at    INTEGER NOT NULL,
  delivered_at INTEGER,
  tries        INTEGER NOT NULL DEFAULT 0,
  last_error   TEXT
) STRICT;
-- One record for each breach. The engine asks for keys that are there already.
CREATE TRIGGER page_is_not_replaced BEFORE INSERT ON page WHEN EXISTS (SELECT 1 FROM page WHERE key = NEW.key OR id = NEW.id) BEGIN SELECT RAISE(IGNORE); END;
CREATE TRIGGER page_is_fixed BEFORE UPDATE OF id, key, instance, state, severity, code, summary, raised_at ON page BEGIN SELECT RAISE(ABORT, 'page: what was raised is never changed'); END;
CREATE TRIGGER page_is_kept BEFORE DELETE ON page BEGIN SELECT RAISE(ABORT, 'page: what was raised is never removed'); END;
CREATE INDEX page_by_instance ON page (instance);
CREATE INDEX page_owed ON page (id) WHERE delivered_at IS NULL;

-- How many instances there are, kept by each commit.
CREATE TABLE tally (
  state  INTEGER NOT NULL REFERENCES state,
  status INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (state, status)
) STRICT, WITHOUT ROWID;

-- For people: names and texts instead of numbers.
CREATE VIEW instances AS
  SELECT substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 60) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 55) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 50) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 45) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 40) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 35) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 30) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 25) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 20) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 15) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 10) & 31) + 1, 1) || substr('0123456789abcdefghjkmnpqrstvwxyz', ((i.id >> 5) & 31) + 1, 1)
      || substr('0123456789abcdefghjkmnpqrstvwxyz', (i.id & 31) + 1, 1) AS name,
    i.id, c.namespace, c.workflow, m.version, s.name AS state,
    CASE i.status WHEN 0 THEN 'running' WHEN 1 THEN 'waiting' WHEN 2 THEN 'paused' WHEN 3 THEN 'incident' WHEN 4 THEN 'compensating' ELSE 'ended' END AS status,
    i.visit, i.request_key, i.business_key,
    strftime('%Y-%m-%dT%H:%M:%fZ', i.created_at / 1000.0, 'unixepoch') AS created, strftime('%Y-%m-%dT%H:%M:%fZ', i.updated_at / 1000.0, 'unixepoch') AS updated
  FROM instance i JOIN scope c ON c.id = i.scope JOIN map m ON m.id = i.map JOIN state s ON s.id = i.state;

CREATE VIEW history AS
  SELECT l.position, l.instance, l.version, strftime('%Y-%m-%dT%H:%M:%fZ', l.at / 1000.0, 'unixepoch') AS at,
    CASE WHEN l.digest IS NULL THEN CAST(l.body AS TEXT) ELSE '(erased)' END AS body, lower(hex(l.hash)) AS hash
  FROM log l;

CREATE VIEW transitions AS
  SELECT t.instance, t.visit, f.name AS "from", g.name AS "to", t.position, strftime('%Y-%m-%dT%H:%M:%fZ', t.at / 1000.0, 'unixepoch') AS at
  FROM transition t JOIN edge e ON e.id = t.edge JOIN state f ON f.id = e.from_state JOIN state g ON g.id = e.to_state;
