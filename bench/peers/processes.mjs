// Programs that are started here, what they say, and that they end.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const alive = new Set();

/** A program of ours. It is the head of a process group, so that a Ctrl-C reaches it through us alone, in our order. */
export class Program {
  #waiting = [];
  #said = [];
  #tail = [];

  constructor(name, command, args, { env = {}, user } = {}) {
    this.name = name;
    this.process = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env }, cwd: "/", ...(user ?? {}) });
    this.pid = this.process.pid;
    alive.add(this);
    this.ended = new Promise((resolve) => {
      this.process.on("error", (error) => this.#end(error.message, resolve));
      this.process.on("close", (code, signal) => this.#end(code ?? signal, resolve));
    });
    createInterface({ input: this.process.stdout }).on("line", (line) => this.#hear(line));
    createInterface({ input: this.process.stderr }).on("line", (line) => this.#keep(line));
  }

  /** The next line of JSON with this mark: {"mark":"begin",…}. Whatever else it says is kept for the case that it fails. */
  mark(name) {
    const at = this.#said.findIndex((line) => line.mark === name);
    if (at >= 0) return Promise.resolve(this.#said.splice(at, 1)[0]);
    if (this.code !== undefined) return Promise.reject(this.#failure(name));
    return new Promise((resolve, reject) => this.#waiting.push({ name, resolve, reject }));
  }

  /** Waits until it has ended by itself. */
  async done() {
    const code = await this.ended;
    if (code !== 0) throw this.#failure("its end");
  }

  /** Ends it: SIGINT, and after ten seconds SIGKILL, to its group. */
  async end(signal = "SIGINT") {
    if (this.code !== undefined) return;
    this.#signal(signal);
    const patience = setTimeout(() => this.#signal("SIGKILL"), 10_000);
    await this.ended;
    clearTimeout(patience);
  }

  #signal(signal) {
    try { process.kill(-this.pid, signal); } catch (error) { if (error.code !== "ESRCH") throw error; }
  }

  #hear(line) {
    let said;
    if (line.startsWith('{"mark"')) said = JSON.parse(line);
    else return this.#keep(line);
    const at = this.#waiting.findIndex((w) => w.name === said.mark);
    if (at >= 0) this.#waiting.splice(at, 1)[0].resolve(said);
    else this.#said.push(said);
  }

  #keep(line) {
    this.#tail.push(line);
    if (this.#tail.length > 60) this.#tail.shift();
  }

  #end(code, resolve) {
    this.code = code;
    alive.delete(this);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure(waiting.name));
    resolve(code);
  }

  #failure(awaited) {
    return new Error(`${this.name} ended with ${this.code} before ${awaited}:\n${this.#tail.join("\n")}`);
  }
}

/** Runs a program to its end and gives what it wrote. */
export function output(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(text.trim()) : reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${text}`))));
  });
}

/** Ends all that still run, the newest first. */
export async function endAll() {
  for (const program of [...alive].reverse()) await program.end();
}

/** User and system seconds that a process has used, with those of its children: the ended ones, and with `all` the living ones. */
export function cpu(pid, all = false) {
  const own = stat(pid);
  if (!own) return 0;
  const ended = (own.fields[13] * 1 + own.fields[14] * 1) / 100;
  const children = all ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((name) => stat(name)).filter((s) => s && s.fields[1] === String(pid)) : [];
  return children.reduce((sum, child) => sum + child.own, own.own + ended);
}

/** The parent of a process of this name; undefined where there is no such process on this machine. */
export function parent(pid, name) {
  const own = stat(pid);
  return own?.name === name ? Number(own.fields[1]) : undefined;
}

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { name: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")), fields, own: (fields[11] * 1 + fields[12] * 1) / 100 };
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ESRCH") return null;
    throw error;
  }
}

/** Ports of the loopback that nobody listens on at this moment. */
export async function freePorts(count) {
  const servers = [];
  for (let i = 0; i < count; i++) {
    const server = createServer();
    await new Promise((resolve, reject) => server.on("error", reject).listen(0, "127.0.0.1", resolve));
    servers.push(server);
  }
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
