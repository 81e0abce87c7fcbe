// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { collecting } from "../../src/cli/flags/on.ts";
import { program } from "../../src/cluster/identity.ts";
import { joinCertificates } from "../../src/simulators/join-certificates.ts";
import type { Certificate } from "../../src/simulators/certificate.ts";
import { root } from "../../src/setup/index.mjs";

const call = promisify(execFile);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-pieces-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a command prints with --json. */
async function printed(...words: string[]): Promise<unknown> {
  const { stdout } = await call(process.execPath, [program, ...words, "--json"], {
    cwd: root,
    maxBuffer: 2 ** 27,
  }).catch((error: { stdout: string; code: number }) => error);
  return JSON.parse(stdout);
}

/** Without what a clock says. */
const timeless = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, own: unknown) =>
      key === "seconds" || key === "date" || key === "out" ? undefined : own,
    ),
  );

describe("what runs in pieces comes to the same as without", () => {
  it("seeds of train, to the bit of every model and every line of the log", async () => {
    const words = ["train", "cartpole-dqn", "--seeds", "2", "--seed", "5", "--episodes", "12", "--set", "final.target=0"];
    const files = ["best.safetensors", "last.safetensors", "initial.safetensors"];
    const one = (await printed(...words, "--out", join(folder, "one"))) as { runs: { model: string; folder: string }[] };
    const many = (await printed(...words, "--on", "processes:2", "--out", join(folder, "many"))) as typeof one;
    const placeless = (summary: typeof one): unknown =>
      timeless({ ...summary, runs: summary.runs.map((run) => ({ ...run, model: "", folder: "" })) });
    expect(placeless(many)).toEqual(placeless(one));
    for (const seed of [5, 6])
      for (const file of files) {
        const bytes = (name: string): Buffer => readFileSync(join(folder, name, `seed-${seed}`, file));
        expect(`seed ${seed} ${file} ${bytes("many").equals(bytes("one"))}`).toBe(`seed ${seed} ${file} true`);
      }
    // The summary of the command lies where it does without pieces.
    expect(timeless(JSON.parse(readFileSync(join(folder, "many/summary.json"), "utf8")))).toEqual(timeless(many));
  }, 900_000); // prettier-ignore

  it("values of T of sweep, the recommendation and the early exit among them", async () => {
    const words = ["sweep", "models/cartpole-dqn.safetensors", "models/cartpole-dqn-converted.safetensors"];
    const how = ["--steps", "8", "64", "--episodes", "3", "--exit", "0.95"];
    const one = await printed(...words, ...how);
    expect(timeless(await printed(...words, ...how, "--on", "processes:2", "--job", join(folder, "sweep")))).toEqual(timeless(one)); // prettier-ignore
    expect(one).toMatchObject({ rows: [{ steps: 8 }, { steps: 64 }], earlyExit: { meanSteps: expect.any(Number) } }); // prettier-ignore
  }, 900_000); // prettier-ignore

  it("rows of pareto, and which of them nothing beats", async () => {
    const words = ["pareto", "models/cartpole-dqn.safetensors", "models/cartpole-dqn-converted.safetensors"];
    const how = ["--env", "CartPole-v1", "--episodes", "3", "--bits", "4"];
    const one = await printed(...words, ...how);
    expect(timeless(await printed(...words, ...how, "--on", "processes:2", "--job", join(folder, "pareto")))).toEqual(timeless(one)); // prettier-ignore
  }, 900_000); // prettier-ignore

  it("rows of the thesis's tables", async () => {
    const words = ["reproduce", "policy-gradient", "--quick", "--up-to", "50"];
    const one = (await printed(...words, "--out", join(folder, "tables-one"))) as object;
    const many = (await printed(...words, "--on", "processes:2", "--out", join(folder, "tables-many"))) as object;
    const placeless = (value: object): unknown => timeless({ ...value, report: "" });
    expect(placeless(many)).toEqual(placeless(one));
    expect(one).toMatchObject({ rows: [{ ours: { episodes: 20 } }, {}, {}, {}, {}] });
  }, 900_000); // prettier-ignore

  it("networks of certify --random", async () => {
    const words = ["certify", "--random", "130", "--steps", "20", "--states", "1", "--seed", "3"];
    const out = (name: string): string[] => ["--out", join(folder, `${name}.json`)];
    const one = (await printed(...words, ...out("one"))) as Certificate;
    const many = (await printed(...words, ...out("many"), "--on", "processes:2", "--job", join(folder, "certify"))) as Certificate;
    expect(one).toMatchObject({ networks: 130, passed: true });
    expect(timeless(many)).toEqual(timeless(one));
    // The page shows the same decision.
    const shown = (name: string): string => readFileSync(join(folder, `${name}.html`), "utf8");
    const figures = (page: string): string[] => page.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
    expect(figures(shown("many"))).toEqual(figures(shown("one")));
  }, 900_000); // prettier-ignore
});

describe("jobs", () => {
  it("are refused in a folder that holds something else, which stays as it is", async () => {
    const taken = join(folder, "taken");
    cpSync(join(root, "models/cartpole-dqn.json"), join(taken, "cartpole-dqn.json"));
    const words = ["train", "cartpole-dqn", "--seeds", "2", "--on", "processes", "--out", taken];
    expect(await printed(...words)).toMatchObject({ error: { code: "RUN_EXISTS" } });
  });

  it("are refused before anything is written where the config is wrong", async () => {
    const out = join(folder, "wrong");
    const words = ["train", "cartpole-dqn", "--set", "gama=0.9", "--on", "processes", "--out", out];
    expect(await printed(...words)).toMatchObject({ error: { code: "CONFIG_INVALID" } });
    expect(() => readFileSync(join(out, "job.json"))).toThrow();
  });

  it("know that nothing runs on what is not there", async () => {
    expect(await printed("train", "cartpole-dqn", "--on", "moon")).toMatchObject({ error: { code: "BAD_ARGUMENT" } });
  });

  it("are collected by the same command, on no executor", () => {
    const words = ["train", "x", "--on=slurm:gpu", "--seeds", "2", "--out", "a", "--dry-run", "--json"];
    expect(collecting(words, "--out", "/b")).toEqual(["train", "x", "--seeds", "2", "--json", "--on", "collect", "--out", "/b"]); // prettier-ignore
    expect(collecting(["sweep", "--out=p.html", "--job", "j", "--on", "slurm"], "--job", "/j")).toEqual(["sweep", "--out=p.html", "--on", "collect", "--job", "/j"]); // prettier-ignore
  });
});

describe("a joined certificate", () => {
  const counts = { states: 1, bins: 10, spikes: 3, mismatchedBins: 0, maxPotentialError: 0, nearTies: 0 };
  const result = (name: string, more = {}) => ({
    ...counts,
    name,
    steps: 5,
    neuron: "lif",
    reset: "value",
    actionsEqual: 1,
    ...more,
  });
  const part = (results: object[], column: object = {}): Certificate =>
    ({
      date: "2026-01-01",
      results,
      seconds: 1,
      columns: [
        { simulator: "a", potentialTolerance: 0, passed: true, mapping: { name: "m" }, seconds: 1 },
        { simulator: "b", potentialTolerance: 0, passed: true, mapping: { name: "n" }, seconds: 1, results, ...column },
      ],
    }) as unknown as Certificate;

  it("fails where one part fails", () => {
    const bad = result("x", { mismatchedBins: 2 });
    const joined = joinCertificates([part([result("a")]), part([bad]), part([result("b")])]);
    expect(joined).toMatchObject({ passed: false, mismatchedBins: 2, networks: 3, steps: 5, bins: 30, seconds: 3 });
    expect(joined.columns!.map(({ passed }) => passed)).toEqual([false, false]);
  });

  it("ends a judge's column where that judge could not go on, as certifyNetworks does", () => {
    const failure = { code: "MAPPING_IMPOSSIBLE", message: "no" };
    const joined = joinCertificates([
      part([result("a")]),
      part([result("b"), result("c")], { results: [result("b")], failure, passed: false }),
      part([result("d")]),
    ]);
    expect(joined.networks).toBe(4);
    expect(joined.columns![1]).toMatchObject({ failure, passed: false, states: 2 });
    expect(joined.columns![1].results!.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(joined.passed).toBe(true);
  });
});
