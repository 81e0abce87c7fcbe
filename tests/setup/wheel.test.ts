// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensurePython } from "../../src/setup/index.mjs";
import { manifest } from "../../src/setup/home.mjs";

const bridge = fileURLToPath(new URL("../../py-bridge", import.meta.url));

/** The wheel of py-bridge as `pip wheel` makes it, installed outside the clone, with nothing of the clone on Python's path. */
describe("the wheel of py-bridge", () => {
  let folder: string;
  let python: string;
  const site = (): string => join(folder, "site");
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "dsqn-wheel-"));
    ({ python } = await ensurePython([]));
    // A copy: setuptools leaves folders beside what it builds.
    cpSync(bridge, join(folder, "source"), { recursive: true, filter: (file) => !file.includes("__pycache__") });
    const pip = (...args: string[]) =>
      execFileSync(python, ["-m", "pip", "-q", "--disable-pip-version-check", ...args], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] }); // prettier-ignore
    pip("wheel", "--no-deps", "--wheel-dir", "wheels", "./source");
    const [wheel] = readdirSync(join(folder, "wheels"));
    pip("install", "--no-deps", "--no-index", "--target", site(), join("wheels", wheel));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(python, args, { cwd: folder, encoding: "utf8", input: "", env: { ...process.env, PYTHONPATH: site() } });

  it("has the package's version, all that it needs besides its code, and no tests", () => {
    const [wheel] = readdirSync(join(folder, "wheels"));
    expect(wheel).toBe(`dsqn_bridge-${manifest.version}-py3-none-any.whl`);
    const names = readdirSync(site(), { recursive: true }).map(String);
    expect(names).toContain(join("dsqn_bridge", "protocol.schema.json"));
    const code = readdirSync(join(bridge, "dsqn_bridge"), { recursive: true }).map(String).filter((name) => name.endsWith(".py")); // prettier-ignore
    expect(names).toEqual(expect.arrayContaining(code.map((name) => join("dsqn_bridge", name))));
    expect(names.filter((name) => /(^|[\\/])tests?([\\/]|$)/.test(name))).toEqual([]);
  });

  it("runs from where it was installed", () => {
    const program = "import dsqn_bridge.server as s, dsqn_bridge.protocol as p; print(s.__file__, p.PROTOCOL)";
    const { status, stdout, stderr } = run("-c", program);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/site.dsqn_bridge.server\.py \d+/);
    // Started by hand it says what it is.
    expect(run("-m", "dsqn_bridge")).toMatchObject({ status: 2, stderr: expect.stringContaining("started by dsqn") });
  });
});
