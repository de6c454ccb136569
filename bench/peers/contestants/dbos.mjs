import { join } from "node:path";
import { Program } from "../processes.mjs";
import { version } from "../versions.mjs";

const database = "peers_dbos";

/** DBOS Transact on the PostgreSQL that Perdure uses too. */
export const dbos = {
  name: "dbos",
  title: `DBOS Transact ${version("@dbos-inc/dbos-sdk")} (TypeScript)`,
  database,

  async prepare({ postgres }) {
    await postgres.fresh(database);
  },

  async check(run, workflows) {
    const program = start(run, "check", { workflows });
    await program.mark("checked");
    await program.done();
    const { rows } = await run.postgres.ask(
      `SELECT count(*)::int AS ended, (SELECT count(*)::int FROM dbos.operation_outputs o WHERE o.workflow_uuid LIKE 'check-%') AS steps
       FROM dbos.workflow_status s WHERE s.workflow_uuid LIKE 'check-%' AND s.status = 'SUCCESS'`, { database });
    return rows[0];
  },

  async throughput(run) {
    const program = start(run, "throughput", run.options);
    await program.mark("begin");
    return { program, processes: { node: program.pid }, end: () => program.mark("end"), drain: () => drained(program) };
  },

  async latency(run) {
    const program = start(run, "latency", run.options);
    const found = await program.mark("latency");
    await program.done();
    return found;
  },

  close: ({ postgres }) => postgres.drop(database),
};

async function drained(program) {
  const { workflows } = await program.mark("drained");
  await program.done();
  return workflows;
}

function start({ postgres, code, options }, mode, { seconds = 0, warmup = 0, inFlight = 1, workflows = 0 }) {
  const args = { mode, url: postgres.url(database), pool: options.dbosPool, seconds, warmup, inFlight, workflows };
  return new Program("DBOS", process.execPath, [join(code, "programs/dbos.mjs"), ...Object.entries(args).map(([name, value]) => `--${name}=${value}`)]);
}
