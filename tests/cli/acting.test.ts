// tier: python
import { describe, expect, it } from "@jest/globals";
import { evaluate, type Evaluation } from "../../src/learning/evaluate.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { earlyExitPolicy } from "../../src/learning/early-exit.ts";
import type { Sweep } from "../../src/learning/sweep.ts";
import { loadModel, loadSpikingNetwork } from "../../src/network/file/model.ts";
import type { Coding, SpikingNetwork } from "../../src/network/network.ts";
import { referenceEngine32 } from "../../src/engines/reference/index.ts";
import { dsqn } from "./run.ts";

const dense = "models/cartpole-classifier.safetensors";
const converted = "models/cartpole-classifier-converted.safetensors";
const T = 24;
const few = ["--episodes", "2", "--max-steps", "40"];

/** The network, written and read otherwise. */
const coded = (network: SpikingNetwork, coding: Partial<Coding>): SpikingNetwork => ({
  ...network,
  coding: { ...network.coding, ...coding },
});
/** What the command should come to, by the readable engine. */
const expected = async (policy: (network: SpikingNetwork) => ReturnType<typeof policyOf>): Promise<Evaluation> => {
  const [network, source] = [await loadSpikingNetwork(converted), policyOf((await loadModel(dense)).network)];
  return withGymnasium({ id: "CartPole-v1", maxSteps: 40 }, (make) =>
    evaluate(policy(network), make, { episodes: 2, compare: source }),
  );
};

describe("dsqn evaluate", () => {
  it.each([
    [{ encoding: "poisson", decoding: "potential", signedInputs: true }],
    [{ encoding: "poisson", decoding: "spikes" }],
    [{ encoding: "equidistant", decoding: "potential", signedInputs: true }],
    [{ encoding: "equidistant-original", decoding: "spikes", signedInputs: true }],
  ] as const)("acts by %j as the readable engine does", async (coding) => {
    const { encoding, decoding } = coding;
    const { code, result } = await dsqn<Evaluation>(
      ...["evaluate", converted, "--env", "CartPole-v1", "--compare", dense, "--steps", String(T), ...few],
      ...["--encoding", encoding, "--decoding", decoding],
      ...("signedInputs" in coding ? ["--signed-inputs"] : []),
    );
    expect(code).toBe(0);
    const { returns, decisions, similarity, spikesPerDecision } = await expected((network) =>
      policyOf(coded(network, coding), { engine: referenceEngine32, steps: T }),
    );
    expect(result).toMatchObject({ returns, decisions, similarity });
    expect(result.spikesPerDecision).toBeCloseTo(spikesPerDecision!, 6);
  });

  it("repeats a Poisson evaluation, and reads the model's own encoding otherwise", async () => {
    const run = async (...more: string[]) =>
      (await dsqn<Evaluation>("evaluate", converted, "--env", "CartPole-v1", "--steps", String(T), ...few, ...more))
        .result;
    const poisson = ["--encoding", "poisson", "--signed-inputs"];
    const [first, again, own] = [await run(...poisson), await run(...poisson), await run()];
    expect(again.spikesPerDecision).toBe(first.spikesPerDecision);
    expect(again.returns).toEqual(first.returns);
    expect(own.spikesPerDecision).not.toBe(first.spikesPerDecision);
  });

  it.each([
    [[dense, "--encoding", "poisson"], "BAD_ARGUMENT"],
    [[dense, "--signed-inputs"], "BAD_ARGUMENT"],
    [[converted, "--encoding", "morse"], "BAD_ARGUMENT"],
    [[converted, "--decoding", "tea-leaves"], "BAD_ARGUMENT"],
  ])("refuses %j", async (args, code) => {
    const failed = await dsqn("evaluate", ...args, "--env", "CartPole-v1");
    expect(failed).toMatchObject({ code: 2, result: { error: { code } } });
  });
});

describe("dsqn sweep", () => {
  it("stops decisions early by the rule that it prints", async () => {
    const { code, result } = await dsqn<Sweep>(
      ...["sweep", dense, converted, "--env", "CartPole-v1", "--steps", "8", "--steps", String(T), ...few],
      ...["--target", "0.5", "--exit", "0.97"],
    );
    expect(code).toBe(0);
    expect(result.rows.map(({ steps }) => steps)).toEqual([8, T]);
    const { earlyExit, recommended } = result;
    expect(earlyExit!.steps).toBe(recommended.steps);
    expect(earlyExit!.meanSteps).toBeLessThanOrEqual(recommended.steps!);
    let exit: ReturnType<typeof earlyExitPolicy> | undefined;
    const { mean, similarity, decisions } = await expected((network) => {
      exit = earlyExitPolicy(referenceEngine32, coded(network, { steps: recommended.steps! }), earlyExit!.rule);
      return exit;
    });
    expect(earlyExit).toMatchObject({ mean, similarity, decisions });
    expect(exit!.meanSteps()).toBeCloseTo(earlyExit!.meanSteps, 6);
  });

  it("sweeps other encodings, and says what early exit cannot read", async () => {
    const args = ["sweep", dense, converted, "--env", "CartPole-v1", "--steps", "16", ...few];
    const { code, result } = await dsqn<Sweep>(...args, "--encoding", "equidistant", "--signed-inputs");
    expect(code).toBe(0);
    const { mean, similarity } = await expected((network) =>
      policyOf(coded(network, { encoding: "equidistant", signedInputs: true }), {
        engine: referenceEngine32,
        steps: 16,
      }),
    );
    expect(result.rows).toMatchObject([{ steps: 16, mean, similarity }]);
    expect(await dsqn(...args, "--decoding", "spikes", "--exit", "0.9")).toMatchObject({
      code: 1,
      result: { error: { code: "DECODING_UNSUPPORTED" } },
    });
  });
});
