// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filmOf } from "../../src/jobs/film.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { mayReplace } from "../../src/files/outputs.ts";
import { dsqn } from "./run.ts";

const converted = "models/cartpole-classifier-converted.safetensors";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-film-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  film: { file: string; frames: number; width: number; height: number; points: number; ended: boolean };
  returns: number[];
}

/** How many pictures an APNG says it has, and for how many milliseconds each is shown. */
function facts(png: Buffer): { width: number; pictures: number; shown: number } {
  const at = (name: string): number => png.indexOf(name) + 4;
  return {
    width: png.readUInt32BE(16),
    pictures: png.readUInt32BE(at("acTL")),
    shown: png.readUInt16BE(at("fcTL") + 20),
  };
}

describe("dsqn evaluate --film", () => {
  it("shows the evaluation's first episode: as many pictures as decisions, in the environment's own time", async () => {
    const file = join(folder, "episode.png");
    const few = ["--env", "CartPole-v1", "--episodes", "1", "--max-steps", "30", "--steps", "24"];
    const { code, result } = await dsqn<Result>("evaluate", converted, ...few, "--film", file);
    expect(code).toBe(0);
    const { film } = result;
    expect(film).toMatchObject({ file, frames: result.returns[0], points: result.returns[0], ended: true });
    expect(facts(readFileSync(file))).toEqual({ width: film.width, pictures: film.frames, shown: 20 });
    // What it made it may replace, and nothing else.
    expect(() => mayReplace(file)).not.toThrow();
  });

  it("remembers between decisions what the evaluation remembers", async () => {
    const few = ["--env", "CartPole-v1", "--episodes", "1", "--max-steps", "120", "--steps", "8"];
    const play = async (...more: string[]): Promise<Result> =>
      (await dsqn<Result>("evaluate", converted, ...few, ...more, "--film", join(folder, "carry.png"))).result;
    const [carried, fresh] = [await play("--carry"), await play()];
    expect([carried.film.frames, fresh.film.frames]).toEqual([carried.returns[0], fresh.returns[0]]);
    expect(carried.film.frames).not.toBe(fresh.film.frames);
  });

  it("has any agent: of a network without spikes the picture and the bars", async () => {
    const file = join(folder, "dense.png");
    const few = ["--env", "MountainCar-v0", "--episodes", "1", "--max-steps", "5"];
    const { code, result } = await dsqn<Result>(
      "evaluate",
      "models/mountaincar-dqn.safetensors",
      ...few,
      "--film",
      file,
    );
    expect([code, result.film.frames, result.film.points]).toEqual([0, 5, -5]);
  });

  it("refuses, before anything is played, a name that is no picture's, and a picture that is not its own", async () => {
    const few = ["--env", "CartPole-v1", "--episodes", "1", "--max-steps", "5"];
    const mine = join(folder, "holiday.png");
    writeFileSync(mine, "not a film");
    for (const [file, error] of [
      ["film.mp4", "BAD_ARGUMENT"],
      [mine, "OUTPUT_TAKEN"],
      [converted, "BAD_ARGUMENT"],
    ]) {
      const { code, result } = await dsqn<{ error: { code: string } }>("evaluate", converted, ...few, "--film", file);
      expect([code, result.error.code]).toEqual([2, error]);
    }
    expect(readFileSync(mine, "utf8")).toBe("not a film");
  });

  it("says what to do where an environment shows nothing", async () => {
    const network = await loadSpikingNetwork(converted);
    const film = withGymnasium({ id: "CartPole-v1" }, async (make) =>
      filmOf(network, await make(1), { steps: 3, seed: 1 }),
    );
    await expect(film).rejects.toMatchObject({ code: "ENV_NO_FRAMES" });
  });
});
