import { Random } from "../../src/random.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { boardPicture } from "../../src/simulators/spinnaker/picture.ts";
import { placeNetwork } from "../../src/simulators/spinnaker/place.ts";
import { createSpikingNetwork } from "../../src/snn/network.ts";

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

describe("a real board", () => {
  it("is missed before anything is built", async () => {
    await expect(openSimulator("spinnaker")).rejects.toMatchObject({ code: "BOARD_MISSING" });
    await expect(openSimulator("spinnaker", { settings: { host: "192.0.2.1", timeoutMs: 300 } })).rejects.toMatchObject(
      { code: "BOARD_UNREACHABLE" },
    );
  }, 60_000);
});
