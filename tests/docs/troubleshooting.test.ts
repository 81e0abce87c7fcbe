// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const page = readFileSync("docs/troubleshooting.md", "utf8");
const model = "models/cartpole-dqn.safetensors";
/** What leads to the error, and what in the hint is the fix. */
const cases: Readonly<Record<string, { args: (folder: string) => string[]; fix: RegExp; python?: string }>> = {
  COMMAND_UNKNOWN: { args: () => ["evalute", model], fix: /Did you mean "dsqn evaluate"\?/ },
  FILE_NOT_FOUND: {
    args: () => ["evaluate", "models/cartpole-dq.safetensors", "--env", "CartPole-v1"],
    fix: /Did you mean models\/cartpole-dqn\.safetensors\? Paths are relative to the current folder \(\//,
  },
  ENV_UNKNOWN: { args: () => ["evaluate", model, "--env", "CartPol-v1"], fix: /Did you mean CartPole-v1/ },
  MODEL_DOES_NOT_FIT: {
    args: () => ["evaluate", model, "--env", "MountainCar-v0", "--episodes", "1"],
    fix: /its card \(the \.json beside it\) names them/,
  },
  ACTIONS_NOT_DISCRETE: {
    args: (folder) => ["train", "dqn", "--env", "Pendulum-v1", "--out", join(folder, "pendulum")],
    fix: /--wrapper 'DiscretizeAction=\{"bins":5\}'/,
  },
  CONFIG_INVALID: { args: () => ["train", "cartpole-dqn", "--set", "gama=0.9"], fix: /Did you mean "gamma"\?/ },
  RUN_EXISTS: {
    args: (folder) => ["train", "cartpole-dqn", "--out", join(folder, "run")],
    fix: /dsqn train --resume .*run\. Or choose another --out/,
  },
  REPLAY_MISSING: { args: () => ["convert", model], fix: /dsqn collect .* then --replay DIR\. Or use --method model/ },
  MODEL_KIND: { args: () => ["certify", model], fix: /dsqn convert models\/cartpole-dqn\.safetensors/ },
  PYTHON_MISSING: {
    args: () => ["evaluate", model, "--env", "CartPole-v1"],
    python: "/usr/bin/python3.99",
    fix: /DSQN_PYTHON has to name the interpreter itself.*unset, an environment is made/,
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-first-"));
  mkdirSync(join(folder, "run"));
  writeFileSync(join(folder, "run", "config.json"), "{}");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("docs/troubleshooting.md", () => {
  it("has ten errors, each with its message, and no other", () => {
    const titles = [...page.matchAll(/^## (\w+): .+\n\n> .+/gm)].map(([, code]) => code);
    expect(titles).toHaveLength(10);
    expect(titles.sort()).toEqual(Object.keys(cases).sort());
  });

  it.each(Object.entries(cases))(
    "%s is met so, and leads to the fix",
    async (code, { args, fix, python }) => {
      const env = python === undefined ? {} : { DSQN_PYTHON: python };
      const run = await execa(process.execPath, ["scripts/dsqn.mjs", ...args(folder), "--json"], {
        env,
        reject: false,
      });
      const { error } = JSON.parse(run.stdout) as { error: { code: string; message: string; hint: string } };
      expect(error.code).toBe(code);
      expect(error.hint).toMatch(fix);
      expect(run.stderr).toContain(`docs/errors.md#${code.toLowerCase()}`);
      const [, shown] = new RegExp(`^## ${code}: .+\\n\\n> (.+)`, "m").exec(page)!;
      expect(error.message).toContain(shown);
      expect(run.exitCode).toBeGreaterThan(0);
    },
    120_000,
  );
});
