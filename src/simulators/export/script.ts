import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { referenceEngine } from "../../engines/reference/index.ts";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { inputValues } from "../../network/encoding.ts";
import type { SpikeEvents } from "../../network/engine.ts";
import { biasPerOutput, convolutionOf, outputsOf, type SpikingLayer } from "../../network/layer.ts";
import { isSpiking, kindOf, type Network, type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import type { LaggedLif } from "../../network/neurons/index.ts";
import { Random } from "../../numeric/random.ts";
import { root } from "../../setup/index.mjs";
import { networkHash } from "../hash.ts";
import { exampleObservations, inputSpikes } from "../inputs.ts";
import { simulated } from "../neurons/index.ts";

/** Example states that a script carries to check itself with; fewer where one is an image. */
const STATES = { flat: 5, image: 2 };
const TEMPLATES = join(root, "py-bridge", "dsqn_bridge", "simulators", "scripts");

/**
 * A network as a script of its own that needs no part of dsqn: the network, a few states, and what our engine made of
 * them. Running it rebuilds the network in the simulator, compares every spike and potential, and exits with 1 where
 * they differ.
 */
export async function writeScript(target: "nest" | "pynn", network: Network, path: string): Promise<void> {
  const checked = expressible(target, network);
  const template = await readFile(join(TEMPLATES, `${target}_script.py`), "utf8");
  await writeFileAtomic(
    path,
    template.replace("@MODEL@", () => JSON.stringify(embedded(checked))),
  );
}

function embedded(network: Expressible): Record<string, unknown> {
  const { layers, coding } = network;
  const states = convolutionOf(layers[0]) ? STATES.image : STATES.flat;
  const observations = exampleObservations(network, states, Random.stream(0, "script"));
  const { steps, encoding, signedInputs } = coding;
  const { spikes, potentials } = referenceEngine.load(network).run(observations, { recordSpikes: true });
  const arrays: Record<string, string> = {
    potentials: base64(potentials),
    inputs: base64(joined(network, observations, states)),
  };
  if (encoding !== "constant") arrays.inputSpikes = events(inputSpikes(network, observations, { steps, seed: 0 }));
  spikes!.forEach((layer, l) => (arrays[`spikes${l}`] = events(layer)));
  layers.forEach((layer, l) => {
    const [biases, { initial }] = [biasPerOutput(layer), layer.activation];
    arrays[`w${l}`] = base64(layer.weights);
    if (biases) arrays[`b${l}`] = base64(biases);
    if (initial) arrays[`v${l}`] = base64(initial);
  });
  return {
    sha256: networkHash(network),
    layers: layers.map((layer) => {
      const { beta, threshold, reset, resetBy } = layer.activation;
      return { outputs: outputsOf(layer), beta, threshold, reset, resetBy, convolution: convolutionOf(layer) ?? null };
    }),
    signedInputs,
    outputSpikes: spikingLayers(network) === layers.length,
    encoding: encoding === "constant" ? "constant" : "spikes",
    steps,
    states,
    tolerance: layers.every(({ activation }) => activation.beta === 1) ? 0 : 1e-12,
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

/** What a script can say. */
interface Expressible extends SpikingNetwork {
  readonly layers: readonly (SpikingLayer & { readonly activation: LaggedLif })[];
}

/** The scripts stay short: they express what most networks are, and refuse the rest. */
function expressible(target: "nest" | "pynn", network: Network): Expressible {
  const impossible = (reason: string): UsageError =>
    new UsageError("EXPORT_IMPOSSIBLE", `A ${target} script can't express this network: ${reason}.`, {
      hint: "The simulators themselves express more: dsqn certify MODEL --simulator nest.",
    });
  if (!isSpiking(network)) throw impossible(`it is a ${kindOf(network)} one; convert it first (dsqn convert)`);
  const { decoding, signedInputs } = network.coding;
  network.layers.forEach(({ pooling, synapses, activation }, l) => {
    const reason = simulated(activation.kind).scripted(activation, l < spikingLayers(network));
    if (reason) throw impossible(`layer ${l} ${reason}`);
    if (pooling) throw impossible(`layer ${l} has ${pooling.kind} pooling`);
    if (synapses.kind === "convolution" && l === 0 && signedInputs)
      throw impossible("layer 0 is a convolution over signed inputs");
  });
  if (decoding === "max-potential") throw impossible("it decodes the largest potential");
  if (decoding === "mean-potential") throw impossible("it decodes the mean of potentials");
  if (target === "pynn" && spikingLayers(network) === network.layers.length) throw impossible(`it decodes ${decoding}`);
  return network as Expressible;
}
