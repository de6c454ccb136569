// Restate's client: one HTTP request for each workflow under an idempotency key, answered when the workflow has ended.
import { Agent, request } from "node:http";
import { drive, options } from "./drive.mjs";
import { input } from "./work.mjs";

const body = JSON.stringify(input);
const url = new URL("fiveSteps/run", options.url);
const agent = new Agent({ keepAlive: true, maxSockets: Number(options.inFlight ?? 1), noDelay: true });

await drive((key) => new Promise((resolve, reject) => {
  const asked = request(url, { agent, method: "POST", headers: { "content-type": "application/json", "content-length": body.length, "idempotency-key": key } }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (data) => (text += data)).on("end", () =>
      response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(`${response.statusCode}: ${text}`)));
  });
  asked.on("error", reject);
  asked.end(body);
}));
agent.destroy();
