// docs/scale.md: fills its table of measured inputs from the figures of the last run, and computes what follows from it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const loads = [1_000, 10_000, 100_000];
const steps = 5, records = 6;

/** Gives what changed, for people. */
export function scale(repository) {
  const page = join(repository, "docs/scale.md"), figures = join(repository, "artifacts/peers/figures.json");
  let text = readFileSync(page, "utf8");
  if (existsSync(figures)) text = replace(text, "inputs", (table) => fill(table, JSON.parse(readFileSync(figures, "utf8"))));
  const inputs = read(between(text, "inputs"));
  text = replace(text, "computed", () => compute(inputs));
  writeFileSync(page, text);
  return between(text, "computed");
}

function fill(table, { summary, command, versions, machine }) {
  const perdure = summary.find((s) => s.name === "perdure");
  if (!perdure) return table;
  const per = (name) => (perdure.cpuSeconds[name] / Object.values(perdure.cpuSeconds).reduce((a, b) => a + b)) * perdure.microseconds.median;
  const found = { node: per("Perdure.Bench"), database: per("PostgreSQL"), wal: perdure.walBytes.median, writes: perdure.writes.median, statements: perdure.statements.median, commit: perdure.commit?.median };
  const by = `\`${command}\`, commit ${versions.Perdure}, PostgreSQL ${versions.PostgreSQL.split(" ")[0]}, ${machine.cores} cores of ${machine.cpu}`;
  return table.split("\n").map((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const value = found[cells[1]?.replaceAll("`", "")];
    return value === undefined || Number.isNaN(value) ? line : `| ${cells[1]} | ${short(value)} | ${cells[3]} | ${by} |`;
  }).join("\n");
}

/** The inputs by name; those that are not a number yet are missing. */
function read(table) {
  const rows = table.split("\n").map((line) => line.split("|").map((cell) => cell.trim())).filter((cells) => cells.length > 3);
  return Object.fromEntries(rows.map((cells) => [cells[1].replaceAll("`", ""), Number(cells[2].replaceAll(",", ""))]).filter(([, value]) => !Number.isNaN(value)));
}

function compute(inputs) {
  const rows = [
    ["steps/s", [], (w) => whole(w * steps)],
    ["cores in the nodes", ["node"], (w, i) => short((w * steps * i.node) / 1e6)],
    ["cores in the database", ["database"], (w, i) => short((w * steps * i.database) / 1e6)],
    ["primaries", ["database", "cores", "share"], (w, i) => whole(primaries(w, i))],
    ["write-ahead log, to each standby too", ["wal"], (w, i) => bytes(w * i.wal, "/s")],
    ["disk for a day of finished workflows", ["disk"], (w, i) => bytes(w * i.disk * 86_400)],
    ["disk for the retention", ["disk", "retention"], (w, i) => bytes(w * i.disk * 86_400 * i.retention)],
    ["commits/s, and transaction ids/s, grouped as measured", ["writes"], (w, i) => whole(w * i.writes)],
    ["turns (a start, a step's result) in each group of a lane, if all lanes commit without a pause", ["commit", "lanes", "database", "cores", "share"], (w, i) => short((w * records * i.commit) / 1000 / (primaries(w, i) * i.lanes))],
    ["hours to 200 million ids (an aggressive vacuum) of each primary, as measured", ["writes", "database", "cores", "share"],
      (w, i) => short(200e6 / ((w * i.writes) / primaries(w, i)) / 3600)],
    ["rows/s that retention removes, in the long run", [], (w) => whole(w * 14)],
    ["records/s in the feed", [], (w) => whole(w * records)],
  ];
  const shown = rows.map(([what, needs, of]) => {
    const lacking = needs.filter((name) => inputs[name] === undefined);
    return `| ${what} | ${loads.map((load) => (lacking.length ? `needs \`${lacking.join("`, `")}\`` : of(load, inputs))).join(" | ")} |`;
  });
  return [`| workflows/s | ${loads.map(whole).join(" | ")} |`, "|---|---:|---:|---:|", ...shown].join("\n");
}

const primaries = (w, i) => Math.ceil((w * steps * i.database) / 1e6 / (i.cores * i.share));

const marks = (name) => [`<!-- ${name}: begin -->\n`, `\n<!-- ${name}: end -->`];

function between(text, name) {
  const [begin, end] = marks(name);
  return text.slice(text.indexOf(begin) + begin.length, text.indexOf(end));
}

function replace(text, name, change) {
  const [begin, end] = marks(name);
  if (!text.includes(begin) || !text.includes(end)) throw new Error(`The page has no part ${name}.`);
  return text.slice(0, text.indexOf(begin) + begin.length) + change(between(text, name)) + text.slice(text.indexOf(end));
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const short = (value) => (value >= 100 ? whole(value) : value >= 10 ? value.toFixed(1) : value >= 1 ? value.toFixed(2) : value.toPrecision(2));
function bytes(value, per = "") {
  for (const unit of ["B", "KB", "MB", "GB", "TB"]) {
    if (value < 1000) return `${short(value)} ${unit}${per}`;
    value /= 1000;
  }
  return `${short(value)} PB${per}`;
}
