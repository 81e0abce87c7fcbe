import { chmodSync, copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { findPython, probe } from "../../src/setup/python.mjs";
import { type Sandbox, sandbox } from "./sandbox.ts";

let box: Sandbox;
beforeEach(() => (box = sandbox()));
afterEach(() => box.remove());

const find = (needVenv = true) => findPython({ env: box.env, needVenv });

describe("findPython", () => {
  it("takes the user's python3 when that fits", async () => {
    box.python("python3", { version: "3.12.3" });
    box.python("python3.11");
    expect((await find()).version).toBe("3.12.3");
  });

  it("looks at what runs, not at the name", async () => {
    box.script("python3", "#!/bin/sh\necho 'pyenv: python3: command not found' >&2; exit 127\n");
    box.python("python3.11", { version: "3.9.18" });
    box.python("python3.13", { version: "3.13.0" });
    expect((await find()).executable).toMatch(/python3\.13$/);
  });

  it.each([
    [{ version: "3.9.18" }, "version 3.9.18"],
    [{ version: "3.14.0" }, "version 3.14.0"],
    [{ version: "2.7.18" }, "version 2.7.18"],
    [{ freeThreaded: true }, "free-threaded build"],
    [{ bits: 32 }, "32-bit"],
    [{ implementation: "pypy" }, "pypy, not CPython"],
  ])("passes over %j and says why", async (facts, reason) => {
    box.python("python3", facts);
    await expect(find()).rejects.toMatchObject({
      code: "PYTHON_UNSUITABLE",
      message: expect.stringContaining(`python3 (${reason})`) as string,
      hint: expect.stringContaining("Install Python 3.10 to 3.13") as string,
    });
  });

  it("says so when there is none", async () => {
    await expect(find()).rejects.toMatchObject({
      code: "PYTHON_MISSING",
      hint: expect.stringContaining("DSQN_PYTHON") as string,
    });
  });

  it("asks for Debian's python3-venv by its name, unless uv does without", async () => {
    box.python("python3", { version: "3.12.3", venv: false });
    await expect(find()).rejects.toMatchObject({
      code: "PYTHON_VENV_MISSING",
      hint: expect.stringContaining("apt install python3.12-venv") as string,
    });
    expect((await find(false)).version).toBe("3.12.3");
  });

  it("prefers another Python to one without venv", async () => {
    box.python("python3", { version: "3.12.3", venv: false });
    box.python("python3.10", { version: "3.10.13" });
    expect((await find()).version).toBe("3.10.13");
  });

  it("finds pyenv's versions that no shim leads to", async () => {
    const bin = path.join(box.folder, ".pyenv", "versions", "3.11.7", "bin");
    mkdirSync(bin, { recursive: true });
    const fixture = fileURLToPath(new URL("../fixtures/setup/python", import.meta.url));
    copyFileSync(fixture, path.join(bin, "python"));
    chmodSync(path.join(bin, "python"), 0o755);
    box.env.FAKE_PYTHON = JSON.stringify({
      version: "3.11.7",
      bits: 64,
      implementation: "cpython",
      freeThreaded: false,
      venv: true,
      executable: "x",
    });
    expect((await find()).version).toBe("3.11.7");
  });
});

describe("probe", () => {
  it("describes a real interpreter", async () => {
    const { version, executable } = await findPython({ needVenv: false });
    expect(await probe(executable)).toMatchObject({ version, implementation: "cpython", bits: 64 });
  });

  it("knows what is no Python", async () => {
    expect(await probe(process.execPath)).toBeUndefined();
    expect(await probe("/no/such/python")).toBeUndefined();
  });
});
