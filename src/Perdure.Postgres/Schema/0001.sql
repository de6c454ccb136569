-- Perdure, schema 1, for PostgreSQL 15 and later. All of it lives in one schema, which is first on the search path.
-- Statuses: 0 running, 1 waiting, 2 paused, 3 incident, 4 compensating, 5 ended. Moments are whole milliseconds since 1970, by the database's clock.

CREATE TABLE schema_version (
  version    int    PRIMARY KEY,
  applied_at bigint NOT NULL,
  build      text   NOT NULL
);

-- One row: what the store was made with. position_base is added to transaction ids, so that the log goes on where it was after a restore into another server.
CREATE TABLE store (
  "only"        boolean  PRIMARY KEY DEFAULT true CHECK ("only"),
  lanes         smallint NOT NULL CHECK (lanes BETWEEN 1 AND 1024),
  position_base bigint   NOT NULL DEFAULT 0
);

-- Nodes that are alive, or were when they were last heard of. A node holds the session advisory lock (oid of the schema, its id) as long as its keeper's connection lives.
--   lease: how long after its last renewal others wait before they take its lanes; grace: how long they wait where its lock is free. Milliseconds, as each counts them on a clock of its own.
CREATE TABLE node (
  id          int     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  host        text    NOT NULL,
  pid         int     NOT NULL,
  build       text    NOT NULL,
  carries     text    NOT NULL,
  joined_at   bigint  NOT NULL,
  lease_until bigint  NOT NULL,
  lease       int     NOT NULL,
  grace       int     NOT NULL,
  leaving     boolean NOT NULL DEFAULT false
);

-- The fence. Every commit begins by writing its marker here under its epoch, and holds the row until it is durable.
--   marker: the number of the newest batch that was written; closed: batches up to this one are not written any more.
--   owner: the node that owns it; wanted_by: the node that its last owner handed it over to.
CREATE TABLE lane (
  id        smallint PRIMARY KEY,
  epoch     bigint   NOT NULL DEFAULT 0,
  marker    bigint   NOT NULL DEFAULT 0,
  closed    bigint   NOT NULL DEFAULT 0,
  owner     int,
  wanted_by int,
  clean     boolean  NOT NULL DEFAULT true,
  since     bigint
) WITH (fillfactor = 10);

-- Commands for instances of a lane that another node owns.
CREATE TABLE inbox (
  position    bigint   GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lane        smallint NOT NULL,
  receiver    bigint   NOT NULL,
  key         text     NOT NULL,
  body        bytea    NOT NULL,
  sent_at     bigint   NOT NULL,
  answered_at bigint,
  answer      bytea,
  UNIQUE (receiver, key)
);
CREATE INDEX inbox_answered ON inbox (answered_at) WHERE answered_at IS NOT NULL;
CREATE INDEX inbox_open ON inbox (lane, position) WHERE answered_at IS NULL;
