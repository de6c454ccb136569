// What is given on the command line.
const flags = new Set(["quick", "scale", "help"]);
const defaults = { seconds: 20, warmup: 10, inFlight: 1000, runs: 3, workflows: 500, dbosPool: 20, only: "perdure,dbos,restate,raw", repository: "." };
const contestants = ["perdure", "perdure-sqlite", "dbos", "restate", "raw"];
const quick = { seconds: 3, warmup: 2, runs: 1, workflows: 50 };

export const help = `bench/peers/run [--name value]…

  --seconds ${defaults.seconds}      how long the throughput of each is measured
  --warmup ${defaults.warmup}       and what runs before that, the same for each
  --inFlight ${defaults.inFlight}   workflows under way at any time
  --workflows ${defaults.workflows}   how many are run one at a time, for the latency
  --runs ${defaults.runs}          of each; the table has the medians
  --dbosPool ${defaults.dbosPool}     the connections of DBOS
  --only LIST      of ${contestants.join(",")} (all but perdure-sqlite unless given)
  --scale          measures nothing: brings docs/scale.md up to the figures of the last run
  --quick          ${Object.entries(quick).map(([name, value]) => `--${name} ${value}`).join(" ")}
`;

export function parse(args) {
  const given = {};
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].replace(/^--/, "").split("=");
    if (flags.has(name)) given[name] = true;
    else if (!(name in defaults)) throw new Error(`There is no option --${name}.\n${help}`);
    else given[name] = inline ?? args[++i];
  }
  const options = { ...defaults, ...(given.quick ? quick : {}), ...given };
  for (const name of ["seconds", "warmup", "inFlight", "runs", "workflows", "dbosPool"]) {
    options[name] = Number(options[name]);
    if (!(options[name] >= 0)) throw new Error(`--${name} must be a number.`);
  }
  options.only = options.only.split(",");
  for (const name of options.only) if (!contestants.includes(name)) throw new Error(`--only takes ${contestants.join(", ")}; not ${name}.`);
  return options;
}
