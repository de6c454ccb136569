// Runs the contestants one after the other, some times over, and writes what was found. See README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chart } from "./chart.mjs";
import { onPostgres, onSqlite, raw } from "./contestants/bench.mjs";
import { dbos } from "./contestants/dbos.mjs";
import { restate } from "./contestants/restate.mjs";
import { measure } from "./measure.mjs";
import { help, parse } from "./options.mjs";
import { Postgres, settings } from "./postgres.mjs";
import { endAll, output } from "./processes.mjs";
import { scale } from "./scale.mjs";
import { summarize, table } from "./table.mjs";

const options = parse(process.argv.slice(2));
if (options.help) {
  console.log(help);
  process.exit(0);
}
if (options.scale) {
  console.log(scale(options.repository));
  process.exit(0);
}
let postgres;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => close().finally(() => process.exit(130)));

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await close();
}

async function main() {
  const code = fileURLToPath(new URL(".", import.meta.url));
  const contestants = [raw, onPostgres, onSqlite, dbos, restate].filter((c) => options.only.includes(c.name));
  const project = join(options.repository, "bench/Perdure.Bench");
  if (contestants.some((c) => [raw, onPostgres, onSqlite].includes(c))) {
    console.log("Building bench/Perdure.Bench…");
    await output("dotnet", ["build", project, "-c", "Release", "-v", "q", "-nologo"]);
  }
  postgres = await Postgres.open();
  const run = { postgres, code, packages: join(code, "../node_modules"), options, bench: join(project, "bin/Release/net10.0/Perdure.Bench") };
  const machine = { cpu: cpus()[0].model, cores: cpus().length, memoryGB: Math.round(totalmem() / 2 ** 30), kernel: release() };
  const versions = { PostgreSQL: postgres.version, Node: process.versions.node, ".NET SDK": await output("dotnet", ["--version"]), Perdure: await output("git", ["-C", options.repository, "describe", "--always", "--dirty"]) };
  console.log(`${machine.cores} cores of ${machine.cpu}, ${machine.memoryGB} GB; ${Object.entries(versions).map(([name, v]) => `${name} ${v}`).join(", ")}`);

  const runs = [];
  for (let round = 1; round <= options.runs; round++)
    for (const contestant of contestants) {
      const found = await measure(contestant, run, { checked: round > 1 });
      runs.push({ round, ...found });
      console.log(`${contestant.name.padEnd(15)} run ${round} of ${options.runs}: ${Math.round((found.rows ?? found.steps) / found.seconds).toLocaleString("en-US")} ${found.rows ? "rows" : "steps"}/s${found.latency ? `, ${found.latency.p50.toFixed(2)} ms` : ""}`);
    }

  const command = `bench/peers/run ${process.argv.slice(2).filter((arg, i, all) => arg !== "--repository" && all[i - 1] !== "--repository").join(" ")}`.trim();
  const summary = summarize(contestants, runs);
  const text = [
    `\`${command}\`: medians of ${options.runs}, ${options.inFlight} in flight, ${options.seconds} s after ${options.warmup} s of warm-up. ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGB} GB, shared with PostgreSQL ${postgres.version};`
      + ` ${Object.entries(versions).filter(([name]) => name !== "PostgreSQL").map(([name, v]) => `${name} ${v}`).join(", ")}.`,
    "", table(summary), "",
  ].join("\n");
  const folder = join(options.repository, "artifacts/peers");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "figures.json"), JSON.stringify({ command, machine, versions, settings: process.env.PERDURE_TEST_POSTGRES ? undefined : settings, options: { ...options, repository: undefined }, summary, runs }, null, 2));
  writeFileSync(join(folder, "table.md"), text);
  writeFileSync(join(folder, "chart.svg"), chart(summary, { subtitle: `Medians of ${options.runs} runs on ${machine.cores} cores, PostgreSQL ${postgres.version.split(" ")[0]} among them; fsync and synchronous_commit on. Lines: least to most.` }));
  console.log(`\n${text}\nartifacts/peers has figures.json, table.md and chart.svg.`);
}

/** Ends everything that was started. What is under way ends with an error that nobody reads. */
async function close() {
  await restate.close();
  await endAll();
  await postgres?.close();
}
