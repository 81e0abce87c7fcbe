import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { architectures, createNetwork } from "../../src/network/create.ts";
import { balancedConvolution, convert } from "../../src/conversion/convert.ts";
import { Random } from "../../src/numeric/random.ts";
import { compile } from "../../src/engines/fast/compiled.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { type Neuron, neuron } from "../../src/network/neurons/index.ts";
import { runOn } from "./run-on.ts";
import { referenceEngine32 } from "../../src/engines/reference/index.ts";

const random = new Random(5);
const picture = Float32Array.from({ length: 84 * 84 * 4 }, () => (random.uniform() < 0.3 ? random.integer(256) : 0));
const source = createNetwork([84, 84, 4], architectures["small"](4), random, 1 / 255);
const network = convert(source, picture, { ...balancedConvolution, spiking: { steps: 20 } }).network;
/** The same with other neurons. */
const made = (activation: Neuron): SpikingNetwork => ({
  ...network,
  layers: network.layers.map((layer) => ({ ...layer, activation })),
});
const leaky = made(neuron("lagged-lif", { alpha: 0.5, beta: 0.9, reset: "zero" }));
const lif = made(neuron("lif", { beta: 0.9 }));

/** Hashes of everything that a state leaves behind in the kernels' memory. */
function traces(of: SpikingNetwork, element: 4 | 8, threads: number): unknown[] {
  const { observations, run, layers, free } = compile(of, element, { record: true, threads });
  try {
    observations.set(picture);
    run();
    return layers.map(({ values, bits, final, finalCurrents, counts }) =>
      [values, bits, final, finalCurrents, counts].map((array) =>
        createHash("sha256").update(array.slice()).digest("hex"),
      ),
    );
  } finally {
    free();
  }
}

describe("threads that share the work of one state", () => {
  it.each([
    ["float32", network, 4],
    ["float64", network, 8],
    ["float32, leaky, reset to zero", leaky, 4],
    ["float32, lif", lif, 4],
  ] as const)("change no bit (%s)", (_what, of, element) => {
    const alone = traces(of, element, 1);
    for (const threads of [2, 3]) expect(traces(of, element, threads)).toEqual(alone);
  });

  it("are how the engine runs pictures, and it equals the reference there", () => {
    const [fast, reference] = [fastEngine(), referenceEngine32].map((engine) =>
      runOn(engine, network, picture, { recordSpikes: true }),
    );
    fast.spikes!.forEach(({ neuron, step }, l) => {
      expect(Buffer.from(neuron.buffer).equals(Buffer.from(reference.spikes![l].neuron.buffer))).toBe(true);
      expect(Buffer.from(step.buffer).equals(Buffer.from(reference.spikes![l].step.buffer))).toBe(true);
    });
    expect(fast.outputs).toEqual(reference.outputs);
    expect(fast.work!.spikes).toBeGreaterThan(1000);
  });
});
