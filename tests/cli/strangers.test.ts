// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";

const script = fileURLToPath(new URL("../../scripts/dsqn.mjs", import.meta.url));

/** A folder as it may come from a stranger: models, their cards, and Python files that leave a trace when they are run. */
describe("a downloaded folder", () => {
  let folder: string;
  const ran = (name: string): boolean => existsSync(join(folder, `${name}.ran`));
  const dsqn = (...args: string[]) =>
    execa("node", [script, ...args, "--json"], { cwd: folder, reject: false, env: { PYTHONPATH: undefined } });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dsqn-stranger-"));
    const card = { environment: "evil:Evil-v0" };
    await saveModel(join(folder, "dense.safetensors"), createDenseNetwork([4, 3, 2], new Random(1)), card);
    await saveModel(join(folder, "spiking.safetensors"), createSpikingNetwork([4, 3, 2], new Random(2)), card);
    for (const name of ["evil", "random", "gymnasium", "runpy"])
      writeFileSync(join(folder, `${name}.py`), `open(${JSON.stringify(join(folder, `${name}.ran`))}, "w")\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("has cards whose environment is no code that runs unasked", async () => {
    const { exitCode, stdout } = await dsqn("sweep", "dense.safetensors", "spiking.safetensors", "--steps", "2");
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "ENV_MISSING", message: expect.stringContaining("evil:Evil-v0"), hint: expect.any(String) },
    });
  });

  it("is not on Python's search path", async () => {
    const played = await dsqn("evaluate", "dense.safetensors", "--env", "CartPole-v1", "--episodes", "1");
    expect([played.exitCode, played.stdout]).toEqual([0, expect.stringContaining('"mean"')]);
    const asked = await dsqn("evaluate", "dense.safetensors", "--env", "evil:Evil-v0", "--episodes", "1");
    expect(JSON.parse(asked.stdout)).toMatchObject({ error: { code: "ENV_UNKNOWN" } });
    expect(["evil", "random", "gymnasium", "runpy"].filter(ran)).toEqual([]);
  });
});
