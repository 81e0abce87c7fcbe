// Decides for a part of a batch in a thread of its own (see parallel-policy.ts).
import { parentPort, workerData } from "node:worker_threads";
import { policyOf } from "../../src/learning/policy.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";

const policy = policyOf(workerData as SpikingNetwork);

parentPort!.on("message", async (observations: Float32Array) => {
  parentPort!.postMessage(await policy.act(observations, observations.length / policy.observationSize));
});
