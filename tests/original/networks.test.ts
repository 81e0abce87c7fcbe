import { describe, expect, it } from "@jest/globals";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { decodeModel, encodeModel } from "../../src/network/file/model.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { kindOf } from "../../src/network/network.ts";
import { foldersWith, ORIGINAL, relativeError } from "./golden.ts";

const networks = foldersWith("model.pt");
const replays = foldersWith("memory_inputs.npz");

(networks.length > 0 ? describe : describe.skip)(
  `the original's networks in ${ORIGINAL} (skipped without them: set DSQN_ORIGINAL)`,
  () => {
    it.each(networks)("%s: model.pt and model.npz hold the same network, which our own format keeps", async (name) => {
      const folder = join(ORIGINAL, "networks", name);
      const fromTorch = await importNetwork(join(folder, "model.pt"));
      if (existsSync(join(folder, "model.npz")))
        expect((await importNetwork(join(folder, "model.npz"))).network).toEqual(fromTorch.network);
      expect(decodeModel(encodeModel(fromTorch.network))).toEqual(fromTorch.network);
    });

    it.each(replays)("%s: the replay's Q-values are the network's", async (name) => {
      const folder = join(ORIGINAL, "networks", name);
      const { states, outputs, size, observationSize } = await loadReplay(folder);
      expect(states.length).toBe(size * observationSize);
      const { network } = await importNetwork(folder);
      if (kindOf(network) !== "dense") return;
      const some = Math.min(size, 20_000);
      const values = referenceEngine.load(network).run(states.subarray(0, some * observationSize)).outputs;
      if (outputs) expect(relativeError(values, outputs.subarray(0, values.length))).toBeLessThan(1e-5);
      else expect(values.every(Number.isFinite)).toBe(true);
    });
  },
);
