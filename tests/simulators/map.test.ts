// tier: long
import { readdirSync } from "node:fs";
import { loadModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { boardPicture } from "../../src/report/plots/board.ts";
import { placeNetwork, placeNetworks } from "../../src/simulators/spinnaker/place.ts";
import { convolution, type Convolution, forEachSynapse } from "../../src/network/convolution.ts";
import { createSpikingNetwork, spikingNetwork, type Weighted } from "../../src/network/create.ts";
import { convolutionOf } from "../../src/network/layer.ts";
import { type Encoding, isSpiking, type SpikingNetwork } from "../../src/network/network.ts";

const dense = (inputs: number, outputs: number, weights: Float32Array): Weighted => ({
  synapses: { kind: "dense", inputs, outputs },
  weights,
});
const convolutional = (shape: Convolution, weights: Float32Array): Weighted => ({
  synapses: { kind: "convolution", ...shape },
  weights,
});

// These need sPyNNaker in the managed environment; no board.
describe("sPyNNaker's virtual board", () => {
  it("writes the very shifts and 16-bit weights that the twin has, across cores, and reports what a network takes", async () => {
    const map = await placeNetwork(createSpikingNetwork([4, 64, 300, 2], new Random(3), { steps: 50 }));
    expect(map).toMatchObject({ cores: 4, chips: 1, board: { version: 5, chips: 48 } });
    expect(map.layers.map(({ twinDiffers }) => twinDiffers)).toEqual([null, 0, 0]);
    expect(map.layers[1].synapses).toBe(64 * 300);
    expect(map.sdramBytes).toBeGreaterThan(64 * 300 * 4);
    expect(map.routingEntries).toBeGreaterThan(0);
    const picture = boardPicture(map);
    expect(picture).toMatch(/^<svg/);
    expect(picture.match(/<rect /g)!.length).toBe(48 + 1); // chips, and the paper
    expect(picture.match(/<rect [^>]*stroke="var\(--ink\)"/g)!.length).toBe(1); // the one in use
    expect(picture).toContain("layer1: 300 neurons, 2 cores");
  }, 600_000);

  it("takes the input layer onto the machine where spikes are the input, and where it is asked to", async () => {
    const network = createSpikingNetwork([5, 17, 17, 2], new Random(3), {
      steps: 20,
      encoding: "poisson",
      signedInputs: true,
      biasInput: true,
    });
    const encoded = (encoding: Encoding) => ({ ...network, coding: { ...network.coding, encoding } });
    const all = [network, encoded("equidistant"), encoded("constant")];
    const places = await Promise.all(
      (["host", "chip"] as const).map((input) => placeNetworks(all, { boardVersion: 3, input })),
    );
    for (const map of places.flat()) {
      expect(map.board).toMatchObject({ version: 3, chips: 4 });
      // Whatever enters the machine as current has no synapses; all other words are the twin's.
      expect(map.layers.slice(1).map(({ twinDiffers }) => twinDiffers)).toEqual(map.layers.slice(1).map(() => 0));
    }
    const summary = places.map((maps) =>
      maps.map(({ layers, placements }) => [
        layers[0].layer,
        layers[0].twinDiffers,
        placements.find(({ population }) => population === "input")?.neurons[1] ?? null,
      ]),
    );
    // Layer numbers, the first layer's words, and the last neuron of the population "input".
    expect(summary).toEqual([
      [[0, 0, 11], [0, 0, 11], [0, null, null]],
      [[0, 0, 11], [-1, null, 9], [-1, null, 39]],
    ]); // prettier-ignore
  }, 600_000);

  it("takes convolutions as lists of synapses, with the twin's words", async () => {
    const shape = convolution([9, 8, 2], { filters: 5, kernel: [3, 2], strides: [2, 1], padding: "same" });
    const random = new Random(8);
    const drawn = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal() / 4);
    const network = spikingNetwork(
      [convolutional(shape, drawn(3 * 2 * 2 * 5)), dense(200, 3, drawn(600))],
      { steps: 20 },
      [9, 8, 2],
    );
    const [host, chip] = [
      await placeNetwork(network, { boardVersion: 3 }),
      await placeNetwork(network, { boardVersion: 3, input: "chip" }),
    ];
    expect(host.layers.map(({ twinDiffers }) => twinDiffers)).toEqual([null, 0]);
    expect(chip.layers.map(({ twinDiffers }) => twinDiffers)).toEqual([null, 0, 0]);
    // 5 x 8 positions of 5 filters; the last column's windows reach one column beyond the image, top and bottom rows likewise.
    let synapses = 0;
    forEachSynapse(shape, () => synapses++);
    expect(chip.layers[1].synapses).toBe(synapses);
  }, 600_000);

  it("takes neurons that reach more others than a row of synapses holds, which is 256 for each core", async () => {
    const random = new Random(9);
    const shape = convolution([3, 3, 1], { filters: 300, kernel: [2, 2] });
    const drawn = (n: number): Float32Array => Float32Array.from({ length: n }, () => 0.01 + random.uniform());
    const network = spikingNetwork(
      [dense(4, 9, drawn(36)), convolutional(shape, drawn(4 * 300)), dense(1200, 2, drawn(2400))],
      { steps: 20 },
    );
    const map = await placeNetwork(network, { boardVersion: 3 });
    expect(map.layers.map(({ twinDiffers }) => twinDiffers)).toEqual([null, 0, 0]);
    expect(map.layers[1].synapses).toBe(4 * 4 * 300);
  }, 600_000);

  it("says how many cores a network takes that no board of that version has", async () => {
    // Many neurons, few synapses: eight images of 55 x 55.
    const shape = convolution([55, 55, 1], { filters: 1, kernel: [1, 1] });
    const image = convolutional(shape, Float32Array.of(1));
    const last = dense(3025, 2, new Float32Array(6050).fill(0.01));
    const many = spikingNetwork([...Array.from({ length: 8 }, () => image), last], {}, [55, 55, 1]);
    await expect(placeNetwork(many, { boardVersion: 3 })).rejects.toMatchObject({
      code: "BOARD_TOO_SMALL",
      message: expect.stringMatching(/layer0 12,.* 97 in all/),
    });
  }, 600_000);
});

describe("spiking networks of models/", () => {
  let networks: SpikingNetwork[];
  let images: SpikingNetwork[];
  beforeAll(async () => {
    const folder = new URL("../../models/", import.meta.url);
    const paths = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    const loaded = await Promise.all(paths.map((name) => loadModel(new URL(name, folder).pathname)));
    const spiking = loaded.map(({ network }) => network).filter(isSpiking);
    networks = spiking.filter(({ layers }) => !convolutionOf(layers[0]));
    images = spiking.filter(({ layers }) => convolutionOf(layers[0]));
    expect(networks.length).toBeGreaterThan(0);
  });

  it("fits a board of 4 chips, with shifts and 16-bit weights as the twin has them", async () => {
    const maps = await placeNetworks(networks, { boardVersion: 3 });
    maps.forEach(({ layers: [first, ...others] }, k) => {
      // Constant input: the first weights are the host's, all others are on the machine.
      expect(first.twinDiffers).toBeNull();
      expect(others.map(({ twinDiffers }) => twinDiffers)).toEqual(others.map(() => 0));
      const nonzero = networks[k].layers.slice(1).map(({ weights }) => weights.filter((w) => w !== 0).length);
      expect(others.map(({ synapses }) => synapses)).toEqual(nonzero);
    });
  }, 600_000);

  it("does so with its input on the chip too, and then all its weights are", async () => {
    const maps = await placeNetworks(networks, { boardVersion: 3, input: "chip" });
    maps.forEach(({ layers }, k) => {
      expect(layers.map(({ layer }) => layer)).toEqual([-1, ...networks[k].layers.keys()]);
      expect(layers.map(({ twinDiffers }) => twinDiffers)).toEqual([null, ...networks[k].layers.map(() => 0)]);
    });
  }, 600_000);

  // The one with the fewest weights: each other takes minutes (dsqn map).
  it("that sees images fits a board of 48 chips, with the twin's words in every synapse", async () => {
    const weights = ({ layers }: SpikingNetwork): number =>
      layers.reduce((sum, layer) => sum + layer.weights.length, 0);
    const [network] = images.sort((a, b) => weights(a) - weights(b));
    const [first, ...others] = (await placeNetwork(network, { boardVersion: 5 })).layers;
    expect(first.twinDiffers).toBeNull();
    expect(others.map(({ twinDiffers }) => twinDiffers)).toEqual(others.map(() => 0));
  }, 600_000);
});

describe("a real board", () => {
  it("is missed before anything is built", async () => {
    await expect(openSimulator("spinnaker")).rejects.toMatchObject({ code: "BOARD_MISSING" });
  }, 600_000);

  it("that doesn't answer is an error within the time-out, and so is a spalloc server", async () => {
    for (const settings of [
      { host: "192.0.2.1", timeoutMs: 400 }, // TEST-NET-1: an address that nobody has
      { spalloc: "http://127.0.0.1:1/spalloc", timeoutMs: 400 },
    ]) {
      const simulator = openSimulator("spinnaker", { settings });
      await expect(simulator).rejects.toMatchObject({ code: "BOARD_UNREACHABLE", hint: expect.any(String) });
    }
  }, 600_000);
});
