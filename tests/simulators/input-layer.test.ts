import { convolution } from "../../src/network/convolution.ts";
import { Random } from "../../src/numeric/random.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { hasInputNeurons, withInputNeurons } from "../../src/simulators/spinnaker/input-layer.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { createSpikingNetwork, spikingNetwork } from "../../src/network/create.ts";
import { inputsOf, outputsOf } from "../../src/network/layer.ts";
import { type Encoding, observationSize, type SpikingNetwork } from "../../src/network/network.ts";

const network = createSpikingNetwork([3, 12, 2], new Random(4), { steps: 60, biasInput: true });

const encoded = (encoding: Encoding): SpikingNetwork => ({ ...network, coding: { ...network.coding, encoding } });

/** Of the four neurons that a value of this sign drives. */
function thresholds(weights: Float32Array, x: number): number[] {
  return [...weights].filter((w) => w * x > 0).map((w) => 1 / Math.abs(w));
}

describe("input neurons on the chip", () => {
  it("take the same observations: four neurons a value and sign, thresholds over an octave around the range", () => {
    const placed = withInputNeurons(network, [2, 0.5, 1]);
    expect(observationSize(placed)).toBe(3);
    const [neurons, first] = placed.layers;
    expect([inputsOf(neurons), outputsOf(neurons), inputsOf(first)]).toEqual([3, 24, 24]);
    // Value 1 (range 0.5) drives neurons 4 to 7, and with the other sign 16 to 19.
    const thetas = [4, 5, 6, 7].map((j) => 1 / neurons.weights[24 + j]);
    thetas.forEach((theta, k) => expect(theta).toBeCloseTo(0.5 * 2 ** ((k + 0.5) / 4 - 0.5), 5));
    expect(neurons.weights[24 + 16]).toBe(-neurons.weights[24 + 4]);
    expect(neurons.weights[4]).toBe(0);
    // What a spike of a neuron stands for is its threshold's worth of the value, shared by four.
    expect(first.weights[4 * 12]).toBeCloseTo((thetas[0] * network.layers[0].weights[12]) / 4, 5);
    expect(first.weights[16 * 12]).toBeCloseTo((-thetas[0] * network.layers[0].weights[12]) / 4, 5);
    // The constant 1 is a bias.
    expect(first.biases![0]).toBe(network.layers[0].weights[3 * 12]);
  });

  const steps = 400;
  const linear = withInputNeurons(
    spikingNetwork([{ synapses: { kind: "dense", inputs: 1, outputs: 1 }, weights: Float32Array.of(1) }], { steps }),
  );
  const sentBy = (neurons: Int32Array): number =>
    neurons.reduce((sum, neuron) => sum + linear.layers[1].weights[neuron], 0) / steps;

  it("send on average what the value is, where they are reset by subtraction as the network is", async () => {
    const twin = await fixedPointTwin().load(linear);
    for (const x of [-0.7, -0.3, 0.05, 0.2, 0.45, 0.75]) {
      const { spikes } = await twin.run(Float32Array.of(x), { recordSpikes: true });
      expect(Math.abs(sentBy(spikes![0].neuron) - x)).toBeLessThan(0.01);
    }
  });

  it("send what the value is within the error of rates 1/n, where they are reset to zero", async () => {
    const twin = await fixedPointTwin({ hardReset: true }).load(linear);
    for (const x of [-0.9, -0.3, 0.05, 0.2, 0.45, 0.8, 1]) {
      const { spikes } = await twin.run(Float32Array.of(x), { recordSpikes: true });
      const sent = sentBy(spikes![0].neuron);
      const magnitudes = thresholds(linear.layers[0].weights, x);
      // A neuron of threshold theta spikes every ceil(theta / x) steps, a little later for its leak.
      const expected = magnitudes.reduce((sum, theta) => sum + theta / Math.ceil(theta / Math.abs(x)) / 4, 0);
      expect(Math.abs(sent)).toBeGreaterThan(0.9 * expected);
      expect(Math.abs(sent)).toBeLessThanOrEqual(expected + 1e-6);
      expect(Math.sign(sent)).toBe(Math.sign(x));
      expect(expected).toBeGreaterThan(0.6 * Math.abs(x));
    }
  });

  it("are one a pixel in front of a convolution, which keeps its geometry", () => {
    const shape = convolution([6, 5, 2], { filters: 3, kernel: [2, 2] });
    const weights = new Float32Array(2 * 2 * 2 * 3).fill(0.5);
    const first = { ...network.layers[0], synapses: { kind: "convolution", ...shape } as const, weights };
    const next = { ...network.layers[1], synapses: { kind: "dense", inputs: 60, outputs: 2 } as const };
    const coding = { ...network.coding, biasInput: false };
    const placed = withInputNeurons({ ...network, input: [6, 5, 2], coding, layers: [first, next] }, [4]);
    expect(placed.layers.map((layer) => [inputsOf(layer), outputsOf(layer)])).toEqual([
      [60, 60],
      [60, 60],
      [60, 2],
    ]);
    expect([...placed.layers[0].weights]).toEqual([0.25, 0, 0, 0.25]);
    expect(placed.layers[1].synapses).toEqual({ kind: "convolution", ...shape });
    expect(placed.layers[1].weights[0]).toBe(2);
  });

  it("refuse ranges that fit no observation", () => {
    for (const range of [[1, 2], [0], [Number.NaN], [-1, 1, 1]])
      expect(() => withInputNeurons(network, range)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
  });

  it("leave Poisson input to sources that draw it", () => {
    expect(hasInputNeurons(encoded("poisson"), "chip")).toBe(false);
    expect(hasInputNeurons(network, "host")).toBe(false);
    expect(hasInputNeurons(network, undefined)).toBe(false);
  });

  it("are what spinnaker-twin runs under input: chip, and its mapping says so", async () => {
    const states = Float32Array.from({ length: 9 }, (_, i) => Math.sin(i));
    const [twin, chip] = [fixedPointTwin(), await openSimulator("spinnaker-twin", { settings: { input: "chip" } })];
    const [before, own] = [await twin.load(withInputNeurons(network)), await chip.load(network)];
    const [expected, found] = [
      await before.run(states, { recordSpikes: true }),
      await own.run(states, { recordSpikes: true }),
    ];
    expect(found.potentials).toEqual(expected.potentials);
    expect(found.spikes).toEqual(expected.spikes!.slice(1)); // of the network's own layers
    expect(found.spikeCounts).toEqual(expected.spikeCounts.slice(1));
    const mapping = await chip.describe(network);
    expect(mapping.input).toContain("24 IFCurDelta neurons on the machine");
    expect(mapping.layers.map(({ layer }) => layer)).toEqual([-1, 0, 1]);
    const drawn = await openSimulator("spinnaker-twin", { settings: { input: "chip" } });
    expect((await drawn.describe(encoded("poisson"))).input).toContain("SpikeSourcePoisson");
  });
});
