// Restate's service: the workflow as a handler, its steps as ctx.run. Says how many steps were really run when it is asked to.
import * as restate from "@restatedev/restate-sdk";
import { options, say } from "./drive.mjs";
import { produce, produced } from "./work.mjs";

const fiveSteps = restate.service({
  name: "fiveSteps",
  handlers: {
    run: async (ctx, job) => {
      let length = 0;
      for (let step = 1; step <= job.steps; step++) length += (await ctx.run(`produce-${step}`, produce)).text.length;
      return { length };
    },
  },
});

const logger = (meta, message, ...more) => { if (meta.level === "error") console.error(message, ...more); };
await restate.serve({ services: [fiveSteps], port: Number(options.port), logger });
process.on("SIGUSR2", () => say("produced", { steps: produced }));
process.on("SIGINT", () => process.exit(0));
say("ready");
