import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "@jest/globals";
import { Random } from "../../src/numeric/random.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { usedBytes } from "../../src/engines/fast/kernels/memory.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";

it("what was loaded and never closed is collected, and its memory in the kernels given back", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const before = usedBytes();
  const loaded = Array.from({ length: 20 }, (_, i) => {
    const random = new Random(i);
    const network = i % 2 ? createDenseNetwork([4, 16, 2], random) : createSpikingNetwork([4, 16, 2], random);
    const one = fastEngine().load(network);
    one.run(new Float32Array(4));
    one.decide(new Float32Array(4));
    return [new WeakRef(one), new WeakRef(network)];
  });
  const held = usedBytes() - before;
  for (let k = 0; k < 5; k++) {
    await setTimeout(20);
    collect();
  }
  await setTimeout(20);
  expect(loaded.flat().filter((one) => one.deref() !== undefined).length).toBeLessThan(10);
  expect(usedBytes() - before).toBeLessThan(held / 4);
});
