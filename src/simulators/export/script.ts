import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../setup/index.mjs";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { Random } from "../../numeric/random.ts";
import type { Network } from "../../network/file/model.ts";
import { inputValues } from "../../network/encoding.ts";
import type { SpikeEvents } from "../../network/engine.ts";
import { spikingLayers, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import { referenceEngine } from "../../engines/reference/index.ts";
import { networkHash } from "../hash.ts";
import { exampleObservations, inputSpikes } from "../inputs.ts";

/** Example states that a script carries to check itself with; fewer where one is an image. */
const STATES = { flat: 5, image: 2 };
const TEMPLATES = join(root, "py-bridge", "dsqn_bridge", "simulators", "scripts");

/**
 * A network as a script of its own that needs no part of dsqn: the network, a few states, and what our engine made of them. Running it
 * rebuilds the network in the simulator, compares every spike and potential, and exits with 1 where they differ.
 */
export async function writeScript(target: "nest" | "pynn", network: Network, path: string): Promise<void> {
  const checked = expressible(target, network);
  const template = await readFile(join(TEMPLATES, `${target}_script.py`), "utf8");
  await writeFileAtomic(
    path,
    template.replace("@MODEL@", () => JSON.stringify(embedded(checked))),
  );
}

function embedded(network: SpikingNetwork): Record<string, unknown> {
  const [first] = network.layers;
  const states = first.convolution ? STATES.image : STATES.flat;
  const random = Random.stream(0, "script");
  const observations = exampleObservations(network, states, random);
  const { steps } = network;
  const { spikes, potentials } = referenceEngine.run(network, observations, { recordSpikes: true });
  const arrays: Record<string, string> = {
    potentials: base64(potentials),
    inputs: base64(joined(network, observations, states)),
  };
  if (network.encoding !== "constant")
    arrays.inputSpikes = events(inputSpikes(network, observations, { steps, seed: 0 }));
  spikes!.forEach((layer, l) => (arrays[`spikes${l}`] = events(layer)));
  network.layers.forEach(({ weights, biases, initialPotential }, l) => {
    arrays[`w${l}`] = base64(weights);
    if (biases) arrays[`b${l}`] = base64(biases);
    if (initialPotential) arrays[`v${l}`] = base64(initialPotential);
  });
  return {
    sha256: networkHash(network),
    layers: network.layers.map(({ outputs, beta, threshold, reset, resetBy, convolution = null }) => ({
      outputs,
      beta,
      threshold,
      reset,
      resetBy,
      convolution,
    })),
    signedInputs: network.signedInputs,
    outputSpikes: spikingLayers(network) === network.layers.length,
    encoding: network.encoding === "constant" ? "constant" : "spikes",
    steps,
    states,
    tolerance: network.layers.every(({ beta }) => beta === 1) ? 0 : 1e-12,
    arrays,
  };
}

/** What the input neurons are given, [states, inputs]. */
function joined(network: SpikingNetwork, observations: Float32Array, states: number): Float64Array {
  const size = inputValues(network, observations, 0).length;
  const values = new Float64Array(states * size);
  for (let s = 0; s < states; s++) values.set(inputValues(network, observations, s), s * size);
  return values;
}

function events({ state, step, neuron }: SpikeEvents): string {
  const joinedEvents = new Int32Array(3 * state.length);
  [state, step, neuron].forEach((values, row) => joinedEvents.set(values, row * state.length));
  return base64(joinedEvents);
}

function base64(array: Float32Array | Float64Array | Int32Array): string {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("base64");
}

/** The scripts stay short: they express what most networks are, and refuse the rest. */
function expressible(target: "nest" | "pynn", network: Network): SpikingNetwork {
  const impossible = (reason: string): UsageError =>
    new UsageError("EXPORT_IMPOSSIBLE", `A ${target} script can't express this network: ${reason}.`, {
      hint: "The simulators themselves express more: dsqn certify MODEL --simulator nest.",
    });
  if (network.kind !== "spiking") throw impossible(`it is a ${network.kind} one; convert it first (dsqn convert)`);
  network.layers.forEach((layer, l) => {
    const subtracts = layer.reset === "subtraction" && l < spikingLayers(network);
    if (layer.pooling) throw impossible(`layer ${l} has max pooling`);
    if (layer.convolution && l === 0 && network.signedInputs)
      throw impossible("layer 0 is a convolution over signed inputs");
    if (layer.alpha !== 0) throw impossible(`layer ${l} has a synaptic current (alpha = ${layer.alpha})`);
    if (layer.beta !== 1 && (subtracts || layer.initialPotential))
      throw impossible(`layer ${l} leaks (beta = ${layer.beta}) and is reset by subtraction or starts elsewhere`);
    if (layer.initialPotential?.some((v) => v > layer.threshold))
      throw impossible(`layer ${l} starts above its threshold`);
  });
  if (network.decoding === "max-potential") throw impossible("it decodes the largest potential");
  if (target === "pynn" && spikingLayers(network) === network.layers.length)
    throw impossible(`it decodes ${network.decoding}`);
  return network;
}
