import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "@jest/globals";
import { Random } from "../../src/numeric/random.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { createSpikingNetwork } from "../../src/network/old/spiking-network.ts";

it("a network that ran on the kernels is collected when nobody else holds it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const networks = Array.from({ length: 20 }, (_, i) => {
    const network = createSpikingNetwork([4, 16, 2], new Random(i), { steps: 5 });
    fastEngine().run(network, new Float32Array(4));
    return new WeakRef(network);
  });
  for (let k = 0; k < 5; k++) {
    await setTimeout(20);
    collect();
  }
  expect(networks.filter((network) => network.deref() !== undefined).length).toBeLessThan(5);
});
