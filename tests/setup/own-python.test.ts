// tier: python
import { execFileSync } from "node:child_process";
import { execa } from "execa";
import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ensurePython } from "../../src/setup/environment.mjs";
import { checkOwnPython, compareVersions, inspectPython } from "../../src/setup/own-python.mjs";
import { findPython } from "../../src/setup/python.mjs";
import { type Sandbox, sandbox } from "./sandbox.ts";

describe("DSQN_PYTHON", () => {
  let box: Sandbox;
  let bare: string;
  beforeAll(async () => {
    box = sandbox();
    // A real interpreter without any package.
    const { executable } = await findPython({ needVenv: false });
    execFileSync(executable, ["-m", "venv", "--without-pip", path.join(box.folder, "bare")]);
    bare = path.join(box.folder, "bare", "bin", "python");
  });
  afterAll(() => box.remove());

  it("names what is missing, how to get it, and installs nothing", async () => {
    const env = { ...process.env, DSQN_PYTHON: bare, DSQN_HOME: box.home };
    const before = readdirSync(path.join(box.folder, "bare"), { recursive: true });
    await expect(ensurePython(["base", "nest"], { env })).rejects.toMatchObject({
      code: "PYTHON_PACKAGES_MISSING",
      message: expect.stringMatching(
        /pyzmq \(missing\), msgpack \(missing\), numpy \(missing\), gymnasium \(missing\), nest-simulator \(missing\)/,
      ) as string,
      hint: expect.stringContaining(`"${bare} -m pip install "pyzmq>=22"`) as string,
    });
    expect(readdirSync(path.join(box.folder, "bare"), { recursive: true })).toEqual(before);
  });

  it("refuses versions that are too old, naming both", async () => {
    box.script("old", `#!/bin/sh\necho '{"version": "3.7.16", "packages": {}}'\n`);
    await expect(checkOwnPython(path.join(box.folder, "bin", "old"), ["base"])).rejects.toMatchObject({
      code: "PYTHON_UNSUITABLE",
      message: expect.stringMatching(/3\.7\.16.*3\.8 or newer/) as string,
    });
  });

  it("names packages that are too old", async () => {
    const packages = { zmq: "27.0", msgpack: "1.0", numpy: "2.0", gymnasium: "0.29.1" };
    box.script("dated", `#!/bin/sh\necho '${JSON.stringify({ version: "3.11.0", packages })}'\n`);
    await expect(checkOwnPython(path.join(box.folder, "bin", "dated"), ["base"])).rejects.toThrow(
      /lacks: gymnasium \(0\.29\.1; needs 1\.0 or newer\)/,
    );
  });

  it("takes a NEST that no package manager knows, and asks for nothing that NEST doesn't need", async () => {
    const packages = { zmq: "27.0", msgpack: "1.0", numpy: "2.0", nest: "unknown" };
    box.script("built", `#!/bin/sh\necho '${JSON.stringify({ version: "3.11.0", packages })}'\n`);
    const python = path.join(box.folder, "bin", "built");
    expect(await checkOwnPython(python, ["nest"])).toEqual({ python, version: "3.11.0" });
  });

  it("does not import what lies in the current folder", async () => {
    writeFileSync(path.join(box.folder, "random.py"), "raise SystemExit('mine')");
    writeFileSync(path.join(box.folder, "importlib.py"), "raise SystemExit('mine')");
    // In a process of its own, whose current folder it is.
    const code = `import { inspectPython } from ${JSON.stringify(import.meta.resolve("../../src/setup/own-python.mjs"))};
      console.log(JSON.stringify(await inspectPython(process.argv[1], ["base"])));`;
    const { stdout } = await execa("node", ["--input-type=module", "-e", code, bare], { cwd: box.folder });
    expect(JSON.parse(stdout)).toMatchObject({ packages: { numpy: null } });
  });

  it("that hangs, or is empty, is said to", async () => {
    box.script("hangs", "#!/bin/sh\nexec sleep 60\n");
    const python = path.join(box.folder, "bin", "hangs");
    await expect(inspectPython(python, ["base"], process.env, 300)).rejects.toMatchObject({
      code: "PYTHON_MISSING",
      message: `${python} did not answer within 0.3 s.`,
    });
    await expect(ensurePython(["base"], { env: { ...process.env, DSQN_PYTHON: "" } })).rejects.toMatchObject({
      code: "PYTHON_MISSING",
      message: "DSQN_PYTHON is set, but empty.",
    });
  });

  it.each(["/no/such/python", process.execPath])("%s is no Python", async (python) => {
    await expect(checkOwnPython(python, ["base"])).rejects.toMatchObject({ code: "PYTHON_MISSING" });
  });
});

describe("compareVersions", () => {
  it.each([
    ["1.9", "1.10", -1],
    ["1!7.4.1", "7.0", 1],
    ["2.0.0rc1", "2.0", 0],
    ["3.8", "3.8.0", 0],
  ])("%s against %s", (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
  });
});
