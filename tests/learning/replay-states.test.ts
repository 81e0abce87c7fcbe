import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadReplayStates } from "../../src/learning/replay-states.ts";
import { saveReplay } from "../../src/formats/replay.ts";

const folder = mkdtempSync(join(tmpdir(), "dsqn-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const states = Float32Array.of(1, 2, 3, 4);

describe("loadReplayStates", () => {
  it("takes states of the network's environment, and those of which nobody knows where they come from", async () => {
    await saveReplay(join(folder, "known"), {
      observationSize: 2,
      states,
      outputs: null,
      environment: "MountainCar-v0",
    });
    await saveReplay(join(folder, "unknown"), { observationSize: 2, states, outputs: null });
    expect(await loadReplayStates(join(folder, "known"), 2, "MountainCar-v0")).toEqual(states);
    expect(await loadReplayStates(join(folder, "known"), 2)).toEqual(states);
    expect(await loadReplayStates(join(folder, "unknown"), 2, "MountainCar-v0")).toEqual(states);
  });

  it("takes states of an Atari game under any of its ids, and of no other game", async () => {
    const environment = "BreakoutDeterministic-v4";
    await saveReplay(join(folder, "game"), { observationSize: 2, states, outputs: null, environment });
    for (const id of ["Breakout", "ALE/Breakout-v5", "BreakoutNoFrameskip-v4"])
      expect(await loadReplayStates(join(folder, "game"), 2, id)).toEqual(states);
    for (const id of ["ALE/Pong-v5", "BreakoutWorld", "Breakout-ram-v5"])
      await expect(loadReplayStates(join(folder, "game"), 2, id)).rejects.toMatchObject({ code: "REPLAY_MISMATCH" });
  });

  it("refuses another environment's states, even of the same width, and other widths", async () => {
    const mismatch = { code: "REPLAY_MISMATCH", exitCode: 2 };
    await expect(loadReplayStates(join(folder, "known"), 2, "MountainCarContinuous-v0")).rejects.toMatchObject(
      mismatch,
    );
    await expect(loadReplayStates(join(folder, "unknown"), 4)).rejects.toMatchObject(mismatch);
    writeFileSync(join(folder, "known", "replay.json"), "{");
    await expect(loadReplayStates(join(folder, "known"), 2)).rejects.toMatchObject(mismatch);
  });
});
