// One run of one contestant.
import { cpu } from "./processes.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Gives what was measured: rates, seconds of processor by process, what the database counted for each workflow, and the latency of one at a time. */
export async function measure(contestant, run, { checked }) {
  run = { ...run, contestant };
  const { postgres } = run;
  await contestant.prepare(run);
  if (!checked && contestant.check) await check(contestant, run);
  const before = contestant.database ? await postgres.counted(contestant.database) : undefined;

  const under = await contestant.throughput(run);
  const used = () => ({ ...Object.fromEntries(Object.entries(under.processes).map(([name, pid]) => [name, cpu(pid)])), ...(contestant.database ? { PostgreSQL: postgres.cpu() } : {}) });
  const start = used();
  const end = await under.end();
  const seconds = used();
  for (const name of Object.keys(seconds)) seconds[name] -= start[name];
  const total = await under.drain();

  const found = { name: contestant.name, seconds: end.seconds, workflows: end.workflows, steps: end.steps ?? end.workflows * 5, rows: end.rows, commit: end.commit, total, cpu: seconds };
  if (before) {
    await pause(300);      // the last session's counters arrive when it has gone
    const after = await postgres.counted(contestant.database);
    found.each = Object.fromEntries(Object.keys(after).map((name) => [name, (after[name] - before[name]) / total]));
  }
  if (contestant.latency) {
    const { p50, p99, workflows } = await contestant.latency(run);
    found.latency = { p50, p99, workflows };
  }
  await contestant.close(run);
  return found;
}

async function check(contestant, run) {
  const workflows = 20;
  const { ended, steps } = await contestant.check(run, workflows);
  if (ended !== workflows || steps !== workflows * 5) throw new Error(`${contestant.title}: of ${workflows} workflows ${ended} ended, and ${steps} steps are kept.`);
  console.log(`${contestant.name.padEnd(15)} checked: ${ended} workflows ended, ${steps} steps ran and are kept`);
}
