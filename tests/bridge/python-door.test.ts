// tier: python
import { execa } from "execa";
import { fileURLToPath } from "node:url";
import { readyPython } from "../../src/setup/python-environment.ts";

// In a process of its own: pythonia has one interpreter for each, and it cannot be started twice.
const PROGRAM = fileURLToPath(new URL("../fixtures/workers/door.ts", import.meta.url));
const REGISTER = fileURLToPath(new URL("../../scripts/register-ts.mjs", import.meta.url));

describe("openPython", () => {
  it("opens the same environment as the workers have, once, and closes it so that the process ends", async () => {
    const { stdout, exitCode } = await execa(process.execPath, ["--import", REGISTER, PROGRAM], { timeout: 60_000 });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      executable: (await readyPython(["base"]))!.python,
      mean: 2,
      shape: [4],
      same: true,
      afterClose: "PYTHON_DOOR_CLOSED",
    });
  });
});
