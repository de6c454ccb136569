// The medians of the runs, and the table.
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length % 2 ? sorted[(sorted.length - 1) / 2] : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
};

/** One entry for each contestant, in their order. */
export function summarize(contestants, runs) {
  return contestants.map((contestant) => {
    const own = runs.filter((run) => run.name === contestant.name);
    const of = (value) => (own.every((run) => value(run) !== undefined) ? { median: median(own.map(value)), least: Math.min(...own.map(value)), most: Math.max(...own.map(value)) } : undefined);
    const isRaw = own[0].rows !== undefined;
    const names = Object.keys(own[0].cpu);
    return {
      name: contestant.name,
      title: contestant.title,
      isRaw,
      steps: of((run) => (isRaw ? run.rows : run.steps) / run.seconds),
      workflows: isRaw ? undefined : of((run) => run.workflows / run.seconds),
      p50: of((run) => run.latency?.p50),
      p99: of((run) => run.latency?.p99),
      cores: Object.fromEntries(names.map((name) => [name, of((run) => run.cpu[name] / run.seconds).median])),
      cpuSeconds: Object.fromEntries(names.map((name) => [name, of((run) => run.cpu[name]).median])),
      microseconds: of((run) => (names.reduce((sum, name) => sum + run.cpu[name], 0) * 1e6) / (isRaw ? run.rows : run.steps)),
      statements: of((run) => run.each?.statements),
      transactions: of((run) => run.each?.transactions),
      writes: of((run) => run.each?.writes),
      walBytes: of((run) => run.each?.walBytes),
      commit: of((run) => run.commit),
    };
  });
}

/** Text in Markdown. Perdure's own lines are what the others are compared with. */
export function table(summary) {
  const base = summary.find((s) => s.name === "perdure") ?? summary.find((s) => s.name === "perdure-sqlite");
  const raw = summary.find((s) => s.isRaw);
  const head = ["", "steps/s (least–most)", "workflows/s", "latency p50", "p99", "CPU by process: seconds (cores)", "CPU a step", "statements", "transactions", "of which write", "WAL"];
  const rows = summary.map((s) => [
    s.title,
    `${whole(s.steps.median)}${s.isRaw ? " rows" : ""} (${whole(s.steps.least)}–${whole(s.steps.most)})`,
    s.workflows ? whole(s.workflows.median) : "",
    s.p50 ? `${digits(s.p50.median)} ms` : "",
    s.p99 ? `${digits(s.p99.median)} ms` : "",
    Object.entries(s.cores).map(([name, cores]) => `${name} ${digits(s.cpuSeconds[name])} s (${cores.toFixed(2)})`).join(", "),
    `${digits(s.microseconds.median)} µs`,
    ...(s.isRaw ? ["", "", ""] : [each(s.statements), each(s.transactions), each(s.writes)]),
    s.walBytes && !s.isRaw ? `${digits(s.walBytes.median / 1000)} KB` : "",
  ]);
  const lines = [head, head.map((_, i) => (i ? "---:" : "---")), ...rows].map((row) => `| ${row.join(" | ")} |`);
  const ratios = [];
  for (const s of summary) {
    if (!base || s === base) continue;
    if (s.isRaw) ratios.push(`${base.title}: its steps/s are ${((base.steps.median / s.steps.median) * 100).toFixed(1)}% of the raw rows/s.`);
    else ratios.push(`${base.title} ÷ ${s.title}: ${ratio(base.steps.median / s.steps.median)} the steps/s${s.p50 && base.p50 ? `; a workflow alone takes ${ratio(s.p50.median / base.p50.median)} as long there` : ""}.`);
  }
  if (!base && raw) ratios.push("Perdure was not measured in this run.");
  return [...lines, "", "Statements, transactions and WAL are of the database, for each workflow, over the whole run.", "", ...ratios.map((r) => `- ${r}`)].join("\n");
}

const whole = (value) => Math.round(value).toLocaleString("en-US");
const digits = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));
const each = (value) => (value && !Number.isNaN(value.median) ? (value.median < 10 ? value.median.toFixed(2) : value.median.toFixed(1)) : "");
const ratio = (value) => `${value >= 10 ? value.toFixed(0) : value.toFixed(1)}×`;
