import { readdirSync } from "node:fs";
import { loadModel } from "../../src/formats/model.ts";
import { Random } from "../../src/random.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { boardPicture } from "../../src/simulators/spinnaker/picture.ts";
import { placeNetwork, placeNetworks } from "../../src/simulators/spinnaker/place.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/snn/network.ts";

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
  }, 120_000);

  it("takes the input layer onto the machine where spikes are the input", async () => {
    const map = await placeNetwork(
      createSpikingNetwork([5, 17, 17, 2], new Random(3), { steps: 20, encoding: "poisson", signedInputs: true }),
      { boardVersion: 3 },
    );
    expect(map.board).toMatchObject({ version: 3, chips: 4 });
    expect(map.layers.map(({ twinDiffers }) => twinDiffers)).toEqual([0, 0, 0]);
    expect(map.placements.some(({ population }) => population === "input")).toBe(true);
  }, 120_000);
});

describe("every spiking network of models/", () => {
  it("fits a board of 4 chips, with shifts and 16-bit weights as the twin has them", async () => {
    const folder = new URL("../../models/", import.meta.url);
    const paths = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));
    const loaded = await Promise.all(paths.map((name) => loadModel(new URL(name, folder).pathname)));
    const networks = loaded.map(({ network }) => network).filter((n): n is SpikingNetwork => n.kind === "spiking");
    expect(networks.length).toBeGreaterThan(0);
    const maps = await placeNetworks(networks, { boardVersion: 3 });
    maps.forEach((map, k) => {
      const [first, ...others] = map.layers;
      // Constant input: the first weights are the host's, all others are on the machine.
      expect(first.twinDiffers).toBeNull();
      expect(others.map(({ twinDiffers }) => twinDiffers)).toEqual(others.map(() => 0));
      const nonzero = networks[k].layers.slice(1).map(({ weights }) => weights.filter((w) => w !== 0).length);
      expect(others.map(({ synapses }) => synapses)).toEqual(nonzero);
    });
  }, 180_000);
});

describe("a real board", () => {
  it("is missed before anything is built", async () => {
    await expect(openSimulator("spinnaker")).rejects.toMatchObject({ code: "BOARD_MISSING" });
    await expect(openSimulator("spinnaker", { settings: { host: "192.0.2.1", timeoutMs: 300 } })).rejects.toMatchObject(
      { code: "BOARD_UNREACHABLE" },
    );
  }, 60_000);
});
