// Runs workflows in the three ways that are measured, and says what came of it on standard output, one line of JSON each.
import { parseArgs } from "node:util";
import { produced, result } from "./work.mjs";

const { values } = parseArgs({ options: Object.fromEntries(["mode", "seconds", "warmup", "inFlight", "workflows", "url", "port", "pool"].map((name) => [name, { type: "string" }])) });

export const options = values;

export function say(mark, more = {}) {
  process.stdout.write(`${JSON.stringify({ mark, ...more })}\n`);
}

/** `run(key)` starts one workflow under a key and waits for what it gives. */
export async function drive(run) {
  const one = async (key) => {
    const given = await run(key);
    if (given?.length !== result.length) throw new Error(`${key} gave ${JSON.stringify(given)}.`);
  };
  if (values.mode === "check") await check(one, Number(values.workflows));
  else if (values.mode === "throughput") await throughput(one, Number(values.inFlight), Number(values.warmup), Number(values.seconds));
  else await latency(one, Number(values.workflows));
}

/** A few workflows under keys that whoever looks afterwards knows. */
async function check(one, count) {
  await Promise.all(Array.from({ length: count }, (_, i) => one(`check-${i}`)));
  say("checked", { workflows: count });
}

/** A closed loop: as one ends, the next one starts. */
async function throughput(one, inFlight, warmup, seconds) {
  let [ended, started, open] = [0, 0, true];
  const prefix = `t${Date.now()}-`;
  const loops = Array.from({ length: inFlight }, async () => {
    while (open) {
      await one(`${prefix}${started++}`);
      ended++;
    }
  });
  const failed = Promise.all(loops);
  await Promise.race([failed, pause(warmup)]);
  say("begin");
  const [before, steps, began] = [ended, produced, performance.now()];
  await Promise.race([failed, pause(seconds)]);
  const took = (performance.now() - began) / 1000;
  say("end", { workflows: ended - before, steps: produced - steps, seconds: took });
  open = false;
  await failed;
  say("drained", { workflows: ended });
}

async function latency(one, count) {
  const times = [];
  const warm = Math.max(20, Math.ceil(count / 5));
  const prefix = `l${Date.now()}-`;
  for (let i = 0; i < warm + count; i++) {
    const began = performance.now();
    await one(`${prefix}${i}`);
    if (i >= warm) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  say("latency", { p50: times[Math.floor(count / 2)], p99: times[Math.floor(count * 0.99)], workflows: count });
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
