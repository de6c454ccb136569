// The PostgreSQL that the contestants share: started here in a temporary folder, or named by PERDURE_TEST_POSTGRES.
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { Program, cpu, freePorts, output, parent } from "./processes.mjs";

export const settings = {
  fsync: "on",
  synchronous_commit: "on",
  full_page_writes: "on",
  shared_buffers: "1GB",
  max_wal_size: "8GB",
  min_wal_size: "5GB",
  max_connections: "200",
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.track": "top",
};

export class Postgres {
  static async open() {
    const named = process.env.PERDURE_TEST_POSTGRES;
    const server = named ? new Postgres(parseConnection(named)) : await Postgres.#start();
    server.version = (await server.ask("SHOW server_version")).rows[0].server_version;
    for (const name of ["fsync", "synchronous_commit"]) {
      const value = (await server.ask(`SHOW ${name}`)).rows[0][name];
      if (value !== "on") throw new Error(`${name} is ${value} on this PostgreSQL: what is measured must be durable.`);
    }
    server.counts = await server.ask("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").then(() => server.ask("SELECT count(*) FROM pg_stat_statements")).then(() => true, () => false);
    server.pid ??= await server.#localPid();
    return server;
  }

  static async #start() {
    const programs = find();
    const user = process.getuid() === 0 ? await account("postgres") : undefined;
    const folder = mkdtempSync(join(tmpdir(), "perdure-peers-"));
    if (user) chownSync(folder, user.uid, user.gid);
    const password = randomBytes(12).toString("hex");
    const file = join(folder, "password");
    writeFileSync(file, password, { mode: 0o600 });
    if (user) chownSync(file, user.uid, user.gid);
    const data = join(folder, "data");
    await output(join(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", file, "-E", "UTF8", "--locale=C.UTF-8"], { cwd: folder, ...user });
    const [port] = await freePorts(1);
    const all = { ...settings, port, listen_addresses: "127.0.0.1", unix_socket_directories: folder };
    const program = new Program("postgres", join(programs, "postgres"), ["-D", data, ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])], { user });
    const server = new Postgres({ host: "127.0.0.1", port, user: "postgres", password, database: "postgres" });
    Object.assign(server, { program, folder, pid: program.pid });
    await server.#ready();
    await server.#runIn();
    return server;
  }

  constructor(config) {
    this.config = config;
  }

  /** How Node's programs connect, and how .NET's do. */
  url(database) {
    const { host, port, user, password } = this.config;
    return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password ?? "")}@${host}:${port}/${database}`;
  }

  connection(database) {
    const { host, port, user, password } = this.config;
    return `Host=${host};Port=${port};Username=${user};Password=${password ?? ""};Database=${database}`;
  }

  async ask(sql, { database, values } = {}) {
    const client = new pg.Client({ ...this.config, ...(database ? { database } : {}) });
    await client.connect();
    try { return await client.query(sql, values); } finally { await client.end(); }
  }

  /** A new, empty database; one of that name goes. Then the pages of what ran before are written, so that this one's run does not pay for them. */
  async fresh(database) {
    await this.drop(database);
    await this.ask(`CREATE DATABASE ${database}`);
    await this.ask("CHECKPOINT");
  }

  drop(database) {
    return this.ask(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  }

  /** What the server counted until now for a database. Exact where no session of that database is open: sessions report at their end. */
  async counted(database) {
    const one = async (sql) => Number(Object.values((await this.ask(sql, { values: sql.includes("$1") ? [database] : [] })).rows[0])[0]);
    return {
      statements: this.counts ? await one("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1") : NaN,
      transactions: await one("SELECT xact_commit FROM pg_stat_database WHERE datname = $1"),
      // Transaction ids are given to transactions that write. Those of savepoints count too.
      writes: await one("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"),
      walBytes: await one("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')"),
    };
  }

  /** Seconds of processor that all its processes have used; NaN where they are not on this machine. */
  cpu() {
    return this.pid ? cpu(this.pid, true) : NaN;
  }

  async close() {
    if (!this.program) return;
    await this.program.end("SIGINT");      // a fast shutdown
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #ready() {
    for (const until = Date.now() + 30_000; ; ) {
      try { return void (await this.ask("SELECT 1")); } catch (error) {
        if (Date.now() > until || this.program.code !== undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** As a server that has run for a while: it writes its log into segments that it has used before. A new one makes each of them anew, and every commit waits for that. */
  async #runIn() {
    await this.ask("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal() FROM generate_series(1, 320)");
    await this.ask("CHECKPOINT");
  }

  /** The first process of a server on this machine: the parent of the one that serves us. */
  async #localPid() {
    const client = new pg.Client(this.config);
    await client.connect();
    try {
      const { pid } = (await client.query("SELECT pg_backend_pid() AS pid")).rows[0];
      return parent(pid, "postgres");
    } finally { await client.end(); }
  }
}

function find() {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort((a, b) => b - a).map((v) => `/usr/lib/postgresql/${v}/bin`) : [];
  const folder = [...versions, ...process.env.PATH.split(":")].find((f) => existsSync(join(f, "postgres")) && existsSync(join(f, "initdb")));
  if (!folder) throw new Error("There is no PostgreSQL here: install the package postgresql, or name a server in PERDURE_TEST_POSTGRES.");
  return folder;
}

async function account(name) {
  return { uid: Number(await output("id", ["-u", name])), gid: Number(await output("id", ["-g", name])) };
}

/** A connection string as Npgsql takes it, or a URL. */
function parseConnection(text) {
  if (/^postgres(ql)?:/.test(text)) {
    const url = new URL(text);
    return { host: url.hostname, port: Number(url.port || 5432), user: decodeURIComponent(url.username), password: decodeURIComponent(url.password), database: url.pathname.slice(1) || "postgres" };
  }
  const parts = Object.fromEntries(text.split(";").filter(Boolean).map((part) => [part.slice(0, part.indexOf("=")).trim().toLowerCase(), part.slice(part.indexOf("=") + 1).trim()]));
  return { host: parts.host ?? parts.server, port: Number(parts.port ?? 5432), user: parts.username ?? parts["user id"], password: parts.password, database: parts.database ?? "postgres" };
}
