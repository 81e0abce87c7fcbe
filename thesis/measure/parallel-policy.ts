import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Policy, policyOf } from "../../src/learning/policy.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { moduleHere, nodeArguments } from "./processes.ts";

/** A policy that holds threads until it is closed. */
export interface ParallelPolicy extends Policy {
  close(): Promise<void>;
}

/** The greedy policy of a spiking network with constant input, each batch parted among `threads` threads (this one is one of them). */
export function parallelPolicy(network: SpikingNetwork, threads = availableParallelism()): ParallelPolicy {
  const own = policyOf(network);
  const { observationSize, actions } = own;
  const workers = Array.from(
    { length: threads - 1 },
    () => new Worker(moduleHere("policy-worker"), { workerData: network, execArgv: [...nodeArguments] }),
  );
  const ask = (worker: Worker, observations: Float32Array): Promise<Int32Array> =>
    new Promise((resolve, reject) => {
      const settle = (): void => void worker.off("message", answer).off("error", fail);
      const answer = (part: Int32Array): void => (settle(), resolve(part));
      const fail = (error: Error): void => (settle(), reject(error));
      worker.on("message", answer).on("error", fail);
      worker.postMessage(observations);
    });
  return {
    observationSize,
    actions,
    async act(observations, batch) {
      const share = Math.ceil(batch / threads);
      const part = (i: number): Float32Array =>
        observations.slice(i * share * observationSize, Math.min(batch, (i + 1) * share) * observationSize);
      const busy = workers.map((worker, i) =>
        (i + 1) * share < batch ? ask(worker, part(i + 1)) : Promise.resolve(new Int32Array(0)),
      );
      const chosen = new Int32Array(batch);
      const first = part(0);
      chosen.set(await own.act(first, first.length / observationSize));
      (await Promise.all(busy)).forEach((actions, i) => actions.length > 0 && chosen.set(actions, (i + 1) * share));
      return chosen;
    },
    async close() {
      await own.close?.();
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
