// What is measured: a workflow of five steps, each an asynchronous function that does nothing but return a small object. As bench/Perdure.Bench/FiveSteps.cs.
export const steps = 5;
export const input = { name: "n".repeat(320), steps };
export const result = { length: steps * 98 };

const text = "r".repeat(98);
export let produced = 0;

export async function produce() {
  produced++;
  return { text };
}
