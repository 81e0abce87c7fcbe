// tier: python
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sandbox } from "./sandbox.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const node = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(process.execPath, args, { cwd: root, env, encoding: "utf8" });

describe("npm run setup", () => {
  it("does nothing the second time, in under a second", () => {
    expect(node(["scripts/setup.mjs"]).status).toBe(0);
    // The quickest of five: the rest is what else the machine does.
    const seconds = Array.from({ length: 5 }, () => {
      const start = performance.now();
      const { status, stderr } = node(["scripts/setup.mjs"]);
      expect(status).toBe(0);
      expect(stderr).toMatch(/^Everything is set up \(\d+\.\d s\)/);
      return (performance.now() - start) / 1000;
    });
    expect(Math.min(...seconds)).toBeLessThan(1);
  });

  it("prints an error with a fix, not a stack", () => {
    const box = sandbox();
    const { status, stderr } = node(["scripts/setup.mjs"], {
      ...process.env,
      DSQN_PYTHON: "/no/such/python",
      DSQN_HOME: box.home,
    });
    box.remove();
    expect(status).toBe(1);
    expect(stderr).toMatch(/dsqn: PYTHON_MISSING {2}.*\n {2}what to do/);
    expect(stderr).not.toContain("    at ");
  });

  it("exits 2 for options that it does not know, 1 for extras", () => {
    expect(node(["scripts/setup.mjs", "--extra"]).status).toBe(2);
    for (const args of [["--extras", "nets"], ["--extras=base,nets"], ["nets"]])
      expect(node(["scripts/setup.mjs", ...args]).stderr).toContain("EXTRA_UNKNOWN");
  });
});

describe("dsqn", () => {
  it("goes on to its end when nobody reads what it prints", () => {
    // The reader is gone before the first write.
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", `{ sleep 0.2; "$0" scripts/dsqn.mjs --help; echo $? >&2; } | :`, process.execPath],
      {
        cwd: root,
        encoding: "utf8",
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "0\n" });
  });
});

describe("dsqn doctor", () => {
  it("prints one JSON document with a fix for whatever is missing", () => {
    const { stdout } = node(["scripts/dsqn.mjs", "doctor", "--json"]);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, unknown>[] };
    const names = checks.map(({ name }) => name);
    for (const name of [
      "node",
      "npm packages",
      "python",
      "base: numpy",
      "nest",
      "nest2",
      "kernels",
      "tfjs-node",
      "disk",
    ])
      expect(names).toContain(name);
    for (const { ok, hint, version, required } of checks) {
      expect(typeof required).toBe("boolean");
      expect(ok ? hint : typeof hint).toBe(ok ? null : "string");
      expect(version === null || typeof version === "string").toBe(true);
    }
    expect(checks.find(({ name }) => name === "node")).toMatchObject({ ok: true, version: process.versions.node });
  });

  it("exits 1 when something required is missing", () => {
    const { status, stdout } = node(["scripts/dsqn.mjs", "doctor", "--json"], {
      ...process.env,
      DSQN_PYTHON: "/no/such/python",
    });
    expect(status).toBe(1);
    const { checks } = JSON.parse(stdout) as { checks: Record<string, unknown>[] };
    expect(checks.find(({ name }) => name === "python")).toMatchObject({
      ok: false,
      hint: expect.stringContaining("/no/such/python") as string,
    });
  });
});
