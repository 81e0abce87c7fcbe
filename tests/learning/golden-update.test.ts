import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createTrainable } from "../../src/engines/create.ts";
import type { TrainableNetwork } from "../../src/network/trainable.ts";
import { dqnSchema } from "../../src/learning/dqn/config.ts";
import { createLearner } from "../../src/learning/dqn/learner.ts";
import { createState } from "../../src/learning/dqn/state.ts";
import { decodeNpz } from "../../src/formats/npz.ts";
import { toFloat32, transposed } from "../../src/files/tensor.ts";
import { spikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";

/** The original's recorded updates; the folder is not part of this repository (docs/training.md). */
const ORIGINAL = process.env.DSQN_ORIGINAL ?? join("..", "shared", "original");
const golden = join(ORIGINAL, "golden.json");

interface UpdateCase {
  id: string;
  kind: string;
  policy: string;
  target: string;
  gamma: number;
  double: boolean;
  optimizer: { name: string; lr: number; beta1?: number; beta2?: number; rho?: number; eps: number };
  batch: { state: number[]; action: number; next_state: number[] | null; reward: number }[];
  parameters_after_each_update: (number[] | number[][])[][];
  snn?: { steps: number; surrogate: { scale: number } };
}

const cases = existsSync(golden)
  ? (JSON.parse(readFileSync(golden, "utf8")) as { cases: UpdateCase[] }).cases.filter(
      ({ kind }) => kind === "dense-update" || kind === "spiking-update",
    )
  : [];

/** A stored network; dense weights lie transposed in the files. */
function load(name: string, spiking: boolean, steps = 20): Parameters<typeof createTrainable>[0] {
  const arrays = decodeNpz(readFileSync(join(ORIGINAL, "networks", name, "model.npz")));
  const layers = Object.keys(arrays)
    .filter((key) => key.startsWith("W"))
    .sort()
    .map((key, l) => {
      const { shape } = arrays[key];
      const [inputs, outputs] = spiking ? shape : [shape[1], shape[0]];
      const stored = toFloat32(arrays[key]);
      const biases = arrays[`b${l}`] && toFloat32(arrays[`b${l}`]);
      return { inputs, outputs, weights: spiking ? stored : transposed(stored, outputs, inputs), biases };
    });
  if (spiking) return spikingNetwork(layers, { biasInput: true, steps }) satisfies SpikingNetwork;
  return { kind: "dense", layers: layers.map((layer) => ({ ...layer, biases: layer.biases })) };
}

/** The parameters in the layout of golden.json: one flat array per tensor. */
function listed(trainable: TrainableNetwork): number[][] {
  const network = trainable.toNetwork();
  return network.layers.flatMap(({ inputs, outputs, weights, biases }) => [
    Array.from(network.kind === "dense" ? transposed(weights, inputs, outputs) : weights),
    ...(biases ? [Array.from(biases)] : []),
  ]);
}

const here = cases.length > 0;
const title = "gradient steps equal the original's";
(here ? describe : describe.skip)(here ? title : `${title} (no golden.json here: set DSQN_ORIGINAL)`, () => {
  it.each(cases.map((one) => [one.id, one] as const))(
    "%s",
    (_id, { policy, target, gamma, double, optimizer, batch, snn, parameters_after_each_update }) => {
      const size = batch.length;
      const spiking = snn !== undefined;
      const learningRate = { kind: "constant", value: optimizer.lr } as const;
      const config = dqnSchema.parse({
        method: spiking ? "dsqn" : "dqn",
        environment: { id: "golden" },
        network: spiking
          ? { kind: "spiking", hidden: [1], surrogateScale: snn.surrogate.scale }
          : { kind: "dense", hidden: [1] },
        episodes: 1,
        gamma,
        doubleQ: double,
        epsilon: { kind: "constant", value: 0 },
        replay: { capacity: size },
        batchSize: size,
        optimizer:
          optimizer.name === "adam"
            ? { kind: "adam", learningRate, beta1: optimizer.beta1, beta2: optimizer.beta2, epsilon: optimizer.eps }
            : { kind: "rmsprop", learningRate, decay: optimizer.rho, epsilon: optimizer.eps },
        target: { kind: "steps", every: 1e9 },
        evaluation: { every: 1 },
      });
      const options = { maxBatch: size, surrogate: { scale: snn?.surrogate.scale } };
      const networks = [policy, target].map((name) => createTrainable(load(name, spiking, snn?.steps), options));
      const n = networks[0].observationSize;
      const state = createState(
        config,
        { id: "golden", count: 1, observationSize: n, actions: 2 } as Parameters<typeof createState>[1],
        networks[0],
        networks[1],
      );
      // The memory holds just this batch: a sample without repetition is all of it, in some order.
      for (const { state: observation, action, reward, next_state } of batch)
        state.memory.push(
          Float32Array.from(observation),
          action,
          reward,
          Float32Array.from(next_state ?? observation),
          next_state ? gamma : 0,
        );
      const learn = createLearner(config, state);
      for (const expected of parameters_after_each_update) {
        learn(1);
        listed(networks[0]).forEach((values, i) => {
          const wanted = (expected[i] as (number | number[])[]).flat();
          expect(values).toHaveLength(wanted.length);
          values.forEach((value, j) =>
            expect(Math.abs(value - wanted[j])).toBeLessThan(2e-5 + 1e-3 * Math.abs(wanted[j])),
          );
        });
      }
    },
  );
});
