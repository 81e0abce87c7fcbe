// tier: long
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { managedHome, manifest } from "../../src/setup/home.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The package as `npm pack` makes it, unpacked outside the clone, beside the packages that `npm install` would bring. */
describe("the packed package", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "dsqn-package-"));
    execFileSync("npm", ["pack", "--pack-destination", folder], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    execFileSync("tar", ["-xzf", readdirSync(folder)[0]], { cwd: folder });
    symlinkSync(path.join(root, "node_modules"), path.join(folder, "package", "node_modules"));
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  const dsqn = (...args: string[]) =>
    spawnSync(process.execPath, [path.join(folder, "package", "bin", "dsqn.js"), ...args], {
      cwd: folder,
      env: { ...process.env, DSQN_HOME: managedHome() },
      encoding: "utf8",
    });
  const holds = (file: string) => existsSync(path.join(folder, "package", file));

  it("holds what the CLI and the library need, and their papers", () => {
    for (const file of [
      "bin/dsqn.js",
      "dist/src/index.js",
      "dist/src/index.d.ts",
      "dist/src/engines/fast/kernels/kernels.wasm",
      "dist/src/setup/index.mjs",
      "dist/src/setup/tfjs/package-lock.json",
      "dist/thesis/index.js",
      "dist/thesis/index.d.ts",
      "py-bridge/dsqn_bridge/__main__.py",
      "py-bridge/locks/base.txt",
      "LICENSE",
      "README.md",
    ])
      expect([file, holds(file)]).toEqual([file, true]);
  });

  it("holds no sources, tests, caches or runs", () => {
    const unwanted =
      /^(src|thesis|tests|runs|bench|notebooks-ts|\.dsqn|py-bridge[\\/]tests)([\\/]|$)|\.map$|__pycache__/;
    const files = readdirSync(path.join(folder, "package"), { recursive: true }).map(String);
    expect(files.filter((file) => !file.startsWith("node_modules") && unwanted.test(file))).toEqual([]);
  });

  it("knows its version and its commands, the thesis's among them", () => {
    expect(dsqn("--version")).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
    const { status, stdout } = dsqn("--help");
    expect(status).toBe(0);
    for (const name of ["start", "doctor", "train", "certify", "reproduce"])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(dsqn("reproduce", "--help")).toMatchObject({
      status: 0,
      stdout: expect.stringContaining("policy-gradient"),
    });
    expect(dsqn("train", "--help").stdout).toMatch(/^ {2}cartpole-dqn-original /m);
  });

  it("exports what it says it does", () => {
    const names = ["dsqn", "dsqn/report", "dsqn/jobs", "dsqn/notebook", "dsqn/thesis"];
    const program = `for (const name of ${JSON.stringify(names)}) if (Object.keys(await import(name)).length === 0) throw name;`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: path.join(folder, "package"), // a package finds itself by its name
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it("acts: one of the models that it brings, in the real environment", () => {
    const model = path.join(folder, "package", "models", "cartpole-dqn-converted.safetensors");
    const { status, stdout } = dsqn("evaluate", model, "--env", "CartPole-v1", "--episodes", "2", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ episodes: 2, mean: 500 });
    expect(status).toBe(0);
  });

  it("finds everything it rests on", () => {
    const { status, stdout } = dsqn("doctor", "--json");
    const { checks } = JSON.parse(stdout) as { checks: { ok: boolean; required: boolean }[] };
    expect(checks.filter(({ ok, required }) => required && !ok)).toEqual([]);
    expect(status).toBe(0);
  });

  it("talks to a Python worker: NEST confirms a random network", () => {
    const { status, stdout } = dsqn("certify", "--random", "1", "--steps", "20", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ simulator: "nest", mismatchedBins: 0 });
    expect(status).toBe(0);
  });
});
