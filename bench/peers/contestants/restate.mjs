import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program, freePorts } from "../processes.mjs";
import { version } from "../versions.mjs";

const arch = process.arch === "arm64" ? "arm64" : "x64";
let cluster;

/** Restate: its server with a log and stores of its own, the service in a Node process, the client in another. */
export const restate = {
  name: "restate",
  title: `Restate ${version("@restatedev/restate-server")} (SDK ${version("@restatedev/restate-sdk")}, TypeScript)`,

  async prepare(run) {
    await this.close(run);
    const [ingress, admin, node, service] = await freePorts(4);
    cluster = { folder: mkdtempSync(join(tmpdir(), "perdure-peers-restate-")), ports: { ingress, admin, node, service } };
    writeFileSync(join(cluster.folder, "restate.toml"), configuration(cluster));
    cluster.service = new Program("Restate's service", process.execPath, [join(run.code, "programs/restate-service.mjs"), `--port=${service}`]);
    await cluster.service.mark("ready");
    await startServer(run);
    await register();
  },

  /** The server is killed after its answers: what it answered must be there when it comes back, and no step may run again for it. */
  async check(run, workflows) {
    const ask = async () => {
      const load = start(run, "check", { workflows });
      await load.mark("checked");
      await load.done();
      return produced();
    };
    const steps = await ask();
    await cluster.server.end("SIGKILL");
    await startServer(run);
    const again = (await ask()) - steps;
    if (again !== 0) throw new Error(`Restate ran ${again} steps again of workflows that it had answered before it was killed.`);
    return { ended: workflows, steps };
  },

  async throughput(run) {
    const program = start(run, "throughput", run.options);
    await program.mark("begin");
    const before = await produced();
    return {
      program,
      processes: { server: cluster.server.pid, service: cluster.service.pid, client: program.pid },
      end: async () => ({ ...(await program.mark("end")), steps: (await produced()) - before }),
      drain: async () => {
        const { workflows } = await program.mark("drained");
        await program.done();
        return workflows;
      },
    };
  },

  async latency(run) {
    const program = start(run, "latency", run.options);
    const found = await program.mark("latency");
    await program.done();
    return found;
  },

  async close() {
    if (!cluster) return;
    await cluster.server?.end("SIGTERM");
    await cluster.service?.end("SIGINT");
    rmSync(cluster.folder, { recursive: true, force: true });
    cluster = undefined;
  },
};

// The defaults of `restate-server --dump-config` otherwise: a replicated log on one node, whose log server syncs its write-ahead log before it
// acknowledges (log-server.rocksdb-disable-wal-fsync = false, said here once more).
function configuration({ folder, ports }) {
  return `
base-dir = "${folder}/data"
node-name = "peer"
listen-mode = "tcp"
bind-address = "127.0.0.1:${ports.node}"
advertised-address = "http://127.0.0.1:${ports.node}/"
disable-telemetry = true
log-filter = "error"

[log-server]
rocksdb-disable-wal-fsync = false

[worker.invoker]
concurrent-invocations-limit = 4000

[admin]
bind-address = "127.0.0.1:${ports.admin}"
disable-web-ui = true

[ingress]
bind-address = "127.0.0.1:${ports.ingress}"
`;
}

/** How many steps the service has run. */
async function produced() {
  process.kill(cluster.service.pid, "SIGUSR2");
  return (await cluster.service.mark("produced")).steps;
}

async function startServer(run) {
  const binary = join(run.packages, `@restatedev/restate-server-linux-${arch}/bin/restate-server`);
  cluster.server = new Program("Restate's server", binary, ["--no-logo", "--config-file", join(cluster.folder, "restate.toml")]);
  await available(`http://127.0.0.1:${cluster.ports.admin}/health`);
  await available(`http://127.0.0.1:${cluster.ports.ingress}/restate/health`);
}

async function register() {
  const answer = await fetch(`http://127.0.0.1:${cluster.ports.admin}/deployments`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ uri: `http://127.0.0.1:${cluster.ports.service}` }),
  });
  if (!answer.ok) throw new Error(`Restate refused the service: ${answer.status} ${await answer.text()}`);
}

async function available(url) {
  for (const until = Date.now() + 60_000; ; ) {
    const ok = await fetch(url).then((answer) => answer.ok, () => false);
    if (ok) return;
    if (Date.now() > until || cluster.server.code !== undefined) await cluster.server.mark(url);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function start(run, mode, { seconds = 0, warmup = 0, inFlight = 32, workflows = 0 }) {
  const args = { mode, url: `http://127.0.0.1:${cluster.ports.ingress}/`, seconds, warmup, inFlight, workflows };
  return new Program("Restate's client", process.execPath, [join(run.code, "programs/restate-load.mjs"), ...Object.entries(args).map(([name, value]) => `--${name}=${value}`)]);
}
