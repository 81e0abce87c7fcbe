import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dsqn } from "./run.ts";

const model = "models/cartpole-dqn.safetensors";
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-dry-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const out = (name: string): string => join(folder, name);

describe("--dry-run", () => {
  it.each<[string, string[], string[]]>([
    ["import", [model, "--out"], ["net.safetensors", "net.json"]],
    ["export", [model, "--format", "npz", "--out"], ["net.safetensors"]],
    ["convert", [model, "--method", "model", "--out"], ["net.safetensors", "net.json"]],
  ])("%s names what it would write, with its size, and writes nothing", async (command, args, files) => {
    const { code, result, told } = await dsqn<{ dryRun: boolean; out: string }>(command, ...args, out("net.safetensors"), "--dry-run"); // prettier-ignore
    expect([code, result.dryRun, result.out]).toEqual([0, true, out("net.safetensors")]);
    for (const file of files) expect(told).toMatch(new RegExp(`not written: ${out(file)} \\(\\d+ bytes\\)`));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says the same as without it", async () => {
    const args = ["export", model, "--format", "npz", "--out", out("x.npz")];
    const { result: dry } = await dsqn<object>(...args, "--dry-run");
    const { result } = await dsqn<object>(...args);
    expect(dry).toEqual({ ...result, dryRun: true });
    expect(readdirSync(folder)).toEqual(["x.npz"]);
    rmSync(out("x.npz"));
  });

  it("train shows the whole config and the folder, and refuses what training would refuse", async () => {
    const { code, result, told } = await dsqn<{ folder: string; config: { gamma: number; method: string } }>(
      ...["train", "cartpole-dqn", "--set", "gamma=0.5", "--out", out("run"), "--dry-run"],
    );
    expect(code).toBe(0);
    expect(result).toMatchObject({ folder: out("run"), config: { gamma: 0.5, method: "dqn" } });
    expect(told).toContain(`not written: ${out("run")}`);
    const wrong = await dsqn<{ error: { code: string } }>("train", "cartpole-dqn", "--set", "gama=0.5", "--dry-run");
    expect(wrong.result.error.code).toBe("CONFIG_INVALID");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("collect plays nothing", async () => {
    const { code, told } = await dsqn("collect", model, "--env", "CartPole-v1", "--out", out("replay"), "--dry-run");
    expect([code, readdirSync(folder)]).toEqual([0, []]);
    expect(told).toContain(`not written: ${out("replay")}: 20000 states of CartPole-v1`);
  });

  it.each([
    ["sweep", model, model, "--dry-run"],
    ["certify", "--random", "1", "--job", "runs/x"],
    ["train", "cartpole-dqn", "--cpus", "2"],
  ])("%s %s ... is not done here as if nothing had been said of pieces", async (...args) => {
    const { code, result } = await dsqn<{ error: { code: string; hint: string } }>(...args);
    expect([code, result.error.code]).toEqual([2, "BAD_ARGUMENT"]);
    expect(result.error.hint).toMatch(/Add --on WHERE/);
  });

  it("refuses what the command would refuse", async () => {
    const { code, result } = await dsqn<{ error: { code: string } }>("import", "package.json", "--out", out("a.safetensors"), "--dry-run"); // prettier-ignore
    expect([code, result.error.code]).not.toEqual([0, undefined]);
    const over = await dsqn<{ error: { code: string } }>("import", model, "--out", "package.json", "--dry-run");
    expect(over.result.error.code).toMatch(/OUTPUT_TAKEN|BAD_ARGUMENT/);
  });
});
