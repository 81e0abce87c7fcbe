import { createSpikingNetwork } from "../../src/network/create.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { convolution } from "../../src/network/convolution.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import {
  busiestOf,
  CYCLES_OF_A_STEP,
  keepingUp,
  realTimeOf,
  timeScaleFactorFor,
} from "../../src/simulators/spinnaker/real-time.ts";

const model = (name: string) =>
  loadSpikingNetwork(new URL(`../../models/${name}.safetensors`, import.meta.url).pathname);

describe("what a network needs to keep up with a board's clock", () => {
  it("is nothing where it was trained as a spiking one, and a factor where it was converted", async () => {
    const [trained, converted] = [await model("cartpole-dsqn"), await model("cartpole-dqn-converted")];
    expect(await realTimeOf(trained)).toMatchObject({ timeScaleFactor: 1, neuronsPerCore: 256 });
    const { timeScaleFactor, timeScaleFactorAlways, neuronsPerCore, layers } = await realTimeOf(converted);
    // Its second layer was seen to take 250,000 instructions per step and more: late at 1, in time at 3.
    expect(timeScaleFactor).toBeGreaterThanOrEqual(2);
    expect(timeScaleFactorAlways).toBeGreaterThanOrEqual(timeScaleFactor);
    expect(neuronsPerCore).toBeLessThan(128);
    expect(layers.map(({ cycles }) => cycles > 0.8 * CYCLES_OF_A_STEP)).toEqual([false, true, false]);
  });

  it("counts a core's events: the synapses of the sources that spike in one step", async () => {
    const network = createSpikingNetwork([2, 5, 7, 2], new Random(0), { steps: 10, encoding: "equidistant" });
    const { layers } = await realTimeOf(network, { observations: Float32Array.of(1, 1) });
    expect(layers[0].events).toBe(2 * 5); // both sources spike in the same steps
    expect(layers[1].events % 7).toBe(0);
    expect(layers[2].events % 2).toBe(0);
    // States side by side are on the machine together.
    const both = await realTimeOf(network, { observations: Float32Array.of(1, 1, 1, 1) });
    expect(both.layers[0].events).toBe(2 * layers[0].events);
  });

  it("shares a convolution's targets out over cores of 256 neurons", async () => {
    const shape = convolution([20, 20, 1], { filters: 2, kernel: [1, 1] });
    const image = { synapses: { kind: "convolution" as const, ...shape }, weights: Float32Array.of(1, 1) };
    const last = {
      synapses: { kind: "dense" as const, inputs: 800, outputs: 2 },
      weights: new Float32Array(1600).fill(0.01),
    };
    const network = spikingNetwork([image, last], { steps: 4, encoding: "equidistant" }, [20, 20, 1]);
    const { layers } = await realTimeOf(network, { observations: new Float32Array(400).fill(1) });
    expect(layers[0].events).toBe(256);
    expect(layers[1].events).toBe(1600);
  });

  it("is told to the board before each run, and to the user when it rises; a factor that was asked for stays", async () => {
    const network = await model("cartpole-dqn-converted");
    const said: string[] = [];
    const forRun = keepingUp({}, (message) => said.push(message));
    const x = Float32Array.of(0.3, -0.4, 0, 0.6);
    const first = await forRun(network, x, {});
    expect(first).toEqual({
      timeScaleFactor: timeScaleFactorFor((await realTimeOf(network, { observations: x })).layers[1].cycles),
    });
    await forRun(network, x, {});
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/a core of layer 1 has \d+ synaptic events/);
    expect(await keepingUp({ timeScaleFactor: 9 })(network, x, {})).toEqual({ timeScaleFactor: 9 });
    expect(busiestOf(await realTimeOf(network))).toMatch(/% of a millisecond/);
  });
});
