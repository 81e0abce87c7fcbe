import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createTrainable } from "../../../src/engines/create.ts";
import { flatLearner } from "../../../src/learning/q-learner/flat.ts";
import { ReplayMemory } from "../../../src/learning/replay/memory.ts";
import { Random } from "../../../src/numeric/random.ts";
import type { Network } from "../../../src/network/network.ts";
import { spikingNetwork } from "../../../src/network/create.ts";
import { linear, relu } from "../../../src/network/layer.ts";
import { decodeNpz } from "../../../src/formats/npz.ts";
import { toFloat32, transposed } from "../../../src/files/tensor.ts";

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
function load(name: string, spiking: boolean, steps = 20): Network {
  const arrays = decodeNpz(readFileSync(join(ORIGINAL, "networks", name, "model.npz")));
  const layers = Object.keys(arrays)
    .filter((key) => key.startsWith("W"))
    .sort()
    .map((key, l) => {
      const { shape } = arrays[key];
      const [inputs, outputs] = spiking ? shape : [shape[1], shape[0]];
      const stored = toFloat32(arrays[key]);
      return {
        synapses: { kind: "dense", inputs, outputs } as const,
        weights: spiking ? stored : transposed(stored, outputs, inputs),
        biases: arrays[`b${l}`] ? toFloat32(arrays[`b${l}`]) : null,
      };
    });
  if (spiking) return spikingNetwork(layers, { biasInput: true, steps });
  const activated = layers.map((layer, l) => ({ ...layer, activation: l < layers.length - 1 ? relu : linear }));
  return { input: [layers[0].synapses.inputs], inputScale: 1, layers: activated };
}

/** The parameters in the layout of golden.json: one flat array per tensor. */
function listed(network: Network): number[][] {
  return network.layers.flatMap(({ synapses, weights, biases }) => {
    const { inputs, outputs } = synapses as { inputs: number; outputs: number };
    return [
      Array.from(network.coding ? weights : transposed(weights, inputs, outputs)),
      ...(biases ? [Array.from(biases)] : []),
    ];
  });
}

const here = cases.length > 0;
const title = "gradient steps equal the original's";
(here ? describe : describe.skip)(here ? title : `${title} (no golden.json here: set DSQN_ORIGINAL)`, () => {
  it.each(cases.map((one) => [one.id, one] as const))(
    "%s",
    (_id, { policy, target, gamma, double, optimizer, batch, snn, parameters_after_each_update }) => {
      const size = batch.length;
      const spiking = snn !== undefined;
      const options = { maxBatch: size, surrogate: { scale: snn?.surrogate.scale } };
      const [online, behind] = [policy, target].map((name) =>
        createTrainable(load(name, spiking, snn?.steps), options),
      );
      const learner = flatLearner(online, behind, {
        doubleQ: double,
        loss: "mse",
        advantageLearning: 0,
        clip: { kind: "value", limit: 1 },
        optimizer:
          optimizer.name === "adam"
            ? { kind: "adam", beta1: optimizer.beta1!, beta2: optimizer.beta2!, epsilon: optimizer.eps }
            : { kind: "rmsprop", decay: optimizer.rho!, epsilon: optimizer.eps },
      });
      // The memory holds just this batch: a sample without repetition is all of it, in some order.
      const memory = new ReplayMemory(size, online.observationSize);
      for (const { state: observation, action, reward, next_state } of batch)
        memory.push(
          Float32Array.from(observation),
          action,
          reward,
          Float32Array.from(next_state ?? observation),
          next_state ? gamma : 0,
        );
      const random = new Random(0);
      for (const expected of parameters_after_each_update) {
        learner.update(memory.sample(size, random), optimizer.lr);
        listed(learner.network()).forEach((values, i) => {
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
