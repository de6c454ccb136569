// DBOS Transact: the workflow as a registered function, its steps as runStep, started in this process under a workflow id of its own.
import { DBOS } from "@dbos-inc/dbos-sdk";
import { drive, options, say } from "./drive.mjs";
import { input, produce, steps } from "./work.mjs";

async function fiveSteps(job) {
  let length = 0;
  for (let step = 1; step <= job.steps; step++) length += (await DBOS.runStep(produce, { name: `produce-${step}` })).text.length;
  return { length };
}
const workflow = DBOS.registerWorkflow(fiveSteps, { name: "five-steps" });

DBOS.setConfig({
  name: "five-steps",
  systemDatabaseUrl: options.url,
  systemDatabasePoolSize: Number(options.pool),
  applicationVersion: "1",      // not the hash of this file
  logLevel: "warn",
});
await DBOS.launch();
say("ready", { steps });
await drive(async (key) => (await DBOS.startWorkflow(workflow, { workflowID: key })(input)).getResult());
await DBOS.shutdown();
