// The chart: bars for throughput and for latency, each from zero on a scale of its own, readable on light and on dark.
const width = 760, left = 190, right = 170, bar = 26, gap = 12;

export function chart(summary, { subtitle }) {
  const panels = [
    { title: "Steps per second, 1,000 workflows of 5 steps in flight (more is better)", rows: summary.map((s) => row(s, s.steps, (v) => `${Math.round(v).toLocaleString("en-US")}${s.isRaw ? " rows/s" : ""}`)) },
    { title: "Latency of one workflow at a time, median (less is better)", rows: summary.filter((s) => s.p50).map((s) => row(s, s.p50, (v) => `${v.toFixed(v < 10 ? 2 : 1)} ms, p99 ${s.p99.median.toFixed(1)}`)) },
  ].filter((panel) => panel.rows.length > 0);
  let y = 64;
  const parts = [];
  for (const panel of panels) {
    parts.push(text(24, y, panel.title, "head"));
    y += 16;
    const most = Math.max(...panel.rows.map((r) => r.value));
    for (const r of panel.rows) {
      const length = Math.max(1.5, ((width - left - right) * r.value) / most);
      parts.push(text(left - 12, y + bar * 0.68, r.label, "label", "end"), `<rect class="${r.kind}" x="${left}" y="${y}" width="${length.toFixed(1)}" height="${bar}" rx="3"/>`);
      if (r.least < r.most) {
        const at = (v) => (left + ((width - left - right) * Math.min(v, most * 1.15)) / most).toFixed(1);
        parts.push(`<path class="spread" d="M${at(r.least)} ${y + bar / 2}H${at(r.most)}"/>`);
      }
      parts.push(text(left + Math.max(length, r.least < r.most ? ((width - left - right) * Math.min(r.most, most * 1.15)) / most : 0) + 8, y + bar * 0.68, r.shown, r.kind === "own" ? "value strong" : "value"));
      y += bar + gap;
    }
    y += 28;
  }
  const height = y - 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(panels.map((p) => `${p.title}: ${p.rows.map((r) => `${r.label} ${r.shown}`).join("; ")}`).join(". "))}">
<style>
  svg { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --own: #0f766e; --peer: #8c959f; --limit: #d1d9e0; }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --own: #2dd4bf; --peer: #6e7681; --limit: #3d444d; } }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; fill: var(--ink); }
  .title { font-size: 17px; font-weight: 600; } .head { font-weight: 600; } .sub, .value { fill: var(--soft); } .strong { fill: var(--ink); font-weight: 600; }
  .own { fill: var(--own); } .peer { fill: var(--peer); } .limit { fill: var(--limit); } .spread { stroke: var(--ink); stroke-width: 1.5; opacity: .55; }
</style>
<rect width="${width}" height="${height}" rx="8" style="fill: var(--paper)"/>
${text(24, 30, subtitle, "sub")}
${parts.join("\n")}
</svg>
`;
}

function row(s, measured, show) {
  const label = s.isRaw ? "raw limit (COPY)" : s.title.replace(/ \((SDK|TypeScript|embedded).*$/, "");
  return { label, value: measured.median, least: measured.least, most: measured.most, shown: show(measured.median), kind: s.isRaw ? "limit" : s.name.startsWith("perdure") ? "own" : "peer" };
}

const escape = (value) => value.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const text = (x, y, value, kind, anchor) => `<text x="${x.toFixed ? +x.toFixed(1) : x}" y="${+y.toFixed(1)}" class="${kind}"${anchor ? ` text-anchor="${anchor}"` : ""}>${escape(value)}</text>`;
