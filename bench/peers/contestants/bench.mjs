// The contestants that bench/Perdure.Bench runs: Perdure on both stores, and the raw limit.
import { Program } from "../processes.mjs";

const perdure = (name, title, database) => ({
  name,
  title,
  database,

  async prepare({ postgres }) {
    if (database) await postgres.fresh(database);
  },

  async check(run, workflows) {
    const program = start(run, "check", { ...at(run), Workflows: workflows });
    const { ended, steps } = await program.mark("checked");
    await program.done();
    return { ended, steps };
  },

  async throughput(run) {
    const { seconds, warmup, inFlight } = run.options;
    const program = start(run, "engine", { ...at(run), Seconds: seconds, Warmup: warmup, InFlight: inFlight });
    await program.mark("begin");
    return { program, processes: { "Perdure.Bench": program.pid }, end: () => program.mark("end"), drain: () => drained(program, "workflows") };
  },

  async latency(run) {
    const program = start(run, "latency", { ...at(run), Workflows: run.options.workflows });
    const found = await program.mark("latency");
    await program.done();
    return found;
  },

  async close({ postgres }) {
    if (database) await postgres.drop(database);
  },
});

const at = (run) => (run.contestant.database ? { Store: "postgres", Connection: run.postgres.connection(run.contestant.database) } : { Store: "sqlite" });

export const onPostgres = perdure("perdure", "Perdure on PostgreSQL", "peers_perdure");
export const onSqlite = perdure("perdure-sqlite", "Perdure on SQLite (embedded)");

/** Rows, not workflows: what the same PostgreSQL takes at the most. */
export const raw = {
  name: "raw",
  title: "raw limit: binary COPY of 300-byte rows, 500 a transaction, 2 connections",
  database: "peers_raw",

  prepare: ({ postgres }) => postgres.fresh("peers_raw"),

  async throughput(run) {
    const { seconds, warmup } = run.options;
    const program = start(run, "raw-postgres", { Connection: run.postgres.connection("peers_raw"), Seconds: seconds, Warmup: Math.min(warmup, 3) });
    await program.mark("begin");
    return { program, processes: { "Perdure.Bench": program.pid }, end: () => program.mark("end"), drain: () => drained(program, "rows") };
  },

  close: ({ postgres }) => postgres.drop("peers_raw"),
};

async function drained(program, what) {
  const said = await program.mark("drained");
  await program.done();
  return said[what];
}

function start(run, command, args) {
  return new Program(`Perdure.Bench ${command}`, run.bench, [command, "--Marks", ...Object.entries(args).map(([name, value]) => `--${name}=${value}`)]);
}
