import { createSpikingNetwork } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { fixedPointTwin } from "../../src/simulators/twins/fixed-point.ts";
import { leakyTwin } from "../../thesis/simulators/leaky-twin.ts";

describe("the thesis's SpiNNaker set-up in closed form", () => {
  it("is close to what the board's arithmetic makes of it at the thesis's tau_m", async () => {
    const network = createSpikingNetwork([4, 20, 3], new Random(2), { steps: 30 });
    const states = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
    const [twin, leaky] = [await fixedPointTwin({ tauM: 100 }).load(network), await leakyTwin().load(network)];
    const [a, b] = [await twin.run(states), await leaky.run(states, { recordSpikes: true })];
    const equal = a.actions.filter((action, s) => action === b.actions[s]).length;
    expect(equal).toBeGreaterThanOrEqual(9);
    expect(b.spikes![0].step.length).toBeGreaterThan(20);
  });

  it("knows no other neuron", () => {
    const network = createSpikingNetwork([4, 20, 3], new Random(2), { neuron: neuron("lif") });
    expect(() => leakyTwin().load(network)).toThrow(expect.objectContaining({ code: "MAPPING_IMPOSSIBLE" }));
  });
});
