// tier: python
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { Engine } from "../../src/network/engine.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";

/** sPyNNaker's own binaries are the judge: an emulated board executes them. */
describe("a board", () => {
  let board: Engine;
  beforeAll(async () => {
    const settings = { host: "emulated", boardVersion: 3 };
    board = await openSimulator("spinnaker", { settings });
  }, 600_000);
  afterAll(() => board.close());

  it.each([
    ["lif", { reset: "subtraction", beta: 0.9, resetBy: 0.75, gain: 1.5, offset: 0.05, leakTo: 0.1 }],
    ["lif", { reset: "value", resetTo: -0.25, fires: "at", beta: 0.1, threshold: 0.3 }],
  ] as const)(
    "spikes as the twin does, decision after decision: %s %j",
    async (kind, fields) => {
      const random = new Random(3);
      const plain = createSpikingNetwork([3, 20, 12, 2], random, { steps: 20, neuron: neuron(kind, fields) });
      const layers = plain.layers.map((layer) => ({
        ...layer,
        biases: Float32Array.from({ length: outputsOf(layer) }, () => random.uniform() / 4),
      }));
      const network = { ...plain, layers };
      const [there, here] = [await board.load(network), await fixedPointTwin().load(network)];
      // 20 steps are no multiple of 16: the second decision would be silent behind the first layer, were it not for the steps that are added.
      for (let decision = 0; decision < 2; decision++) {
        const x = Float32Array.from({ length: 3 }, () => random.normal());
        const [measured, predicted] = [
          await there.run(x, { recordSpikes: true }),
          await here.run(x, { recordSpikes: true }),
        ];
        expect(predicted.spikes![1].step.length).toBeGreaterThan(3);
        expect(measured.spikes).toEqual(predicted.spikes);
        expect([...measured.potentials]).toEqual([...predicted.potentials]);
      }
      await there.close();
    },
    600_000,
  );

  it("that is given no time is said to be late, with a factor that does", async () => {
    const network = await loadSpikingNetwork(
      new URL("../../models/cartpole-dqn-converted.safetensors", import.meta.url).pathname,
    );
    const x = Float32Array.of(0.3, -0.4, 0, 0.6);
    const settings = { host: "emulated", boardVersion: 3, timeScaleFactor: 1 };
    const hurried = await openSimulator("spinnaker", { settings });
    try {
      await expect((await hurried.load(network)).run(x)).rejects.toMatchObject({
        code: "BOARD_FAILED",
        message: expect.stringMatching(/late spikes/i),
        hint: expect.stringContaining("--time-scale-factor 2"),
      });
    } finally {
      await hurried.close();
    }
  }, 600_000);
});
