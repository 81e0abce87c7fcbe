// tier: python
import { execa } from "execa";
import { fileURLToPath } from "node:url";
import {
  makeEnvironment,
  makeVectorEnvironment,
  type Observation,
  openWorker,
  Random,
  type TypedArray,
  type Worker,
} from "../../src/index.ts";
import { DATA_PATHS } from "../bridge/helpers.ts";

/**
 * Trajectories over the bridge against Gymnasium run directly (reference.py, which knows nothing of the bridge): bit for bit,
 * observations, rewards, flags and final observations.
 */
const REFERENCE = fileURLToPath(new URL("reference.py", import.meta.url));
const SEEDS = [0, 1, 42, 123_456_789, 2 ** 31 - 1];
const MODES = ["next-step", "same-step", "disabled"] as const;

interface Case {
  readonly id: string;
  readonly kwargs?: Record<string, unknown>;
  /** Discrete actions, or undefined for one number within [-limit, limit]. */
  readonly actions?: number;
  readonly limit?: number;
  readonly steps: number;
}

const cases: readonly Case[] = [
  { id: "CartPole-v1", actions: 2, steps: 300 },
  { id: "MountainCar-v0", actions: 3, steps: 420 },
  { id: "Pendulum-v1", limit: 2, steps: 420 },
  { id: "Acrobot-v1", actions: 3, steps: 520 },
  { id: "MountainCarContinuous-v0", limit: 1, steps: 200 },
  { id: "FrozenLake-v1", kwargs: { is_slippery: true }, actions: 4, steps: 200 },
  { id: "Taxi-v4", actions: 6, steps: 420 },
  { id: "Blackjack-v1", actions: 2, steps: 60 },
  { id: "InvertedPendulum-v5", limit: 3, steps: 80 },
];

type Job = {
  id: string;
  kwargs: Record<string, unknown>;
  mode: string;
  seeds: number[];
  actions: (number | number[])[][];
};
type Steps = string[][];

/** Hex strings of the leaves of an observation. */
function hex(observation: Observation): string[] {
  if (typeof observation === "number") return [Buffer.from(Int32Array.of(observation).buffer).toString("hex")];
  if (ArrayBuffer.isView(observation)) {
    const { buffer, byteOffset, byteLength } = observation;
    return [Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("hex")];
  }
  return Object.values(observation as Record<string, Observation>).flatMap(hex);
}

describe.each(DATA_PATHS)("Gymnasium over the bridge (%s)", (data) => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await openWorker({ data, extras: ["base", "mujoco"] });
  });
  afterAll(() => worker.close());

  /** The same job by Gymnasium alone. */
  async function reference(job: Job): Promise<Steps | Steps[]> {
    const { stdout } = await execa(worker.executable, [REFERENCE], { input: JSON.stringify([job]), maxBuffer: 1e9 });
    return (JSON.parse(stdout) as (Steps | Steps[])[])[0];
  }

  async function single({ id, kwargs, seeds, actions }: Job): Promise<Steps[]> {
    const trajectories: Steps[] = [];
    for (const [index, seed] of seeds.entries()) {
      const env = await makeEnvironment<Observation>(id, { worker, kwargs });
      const steps: Steps = [hex((await env.reset({ seed })).observation)];
      for (const row of actions) {
        const { observation, reward, terminated, truncated } = await env.step(row[index]);
        steps.push([
          ...hex(observation),
          ...hex(Float64Array.of(reward)),
          ...hex(Uint8Array.of(+terminated)),
          ...hex(Uint8Array.of(+truncated)),
        ]);
        if (terminated || truncated) steps.push(hex((await env.reset()).observation));
      }
      trajectories.push(steps);
      await env.close();
    }
    return trajectories;
  }

  async function vector(
    { id, kwargs, mode, seeds, actions }: Job,
    type: (flat: number[]) => TypedArray,
  ): Promise<Steps> {
    const native = mode === "native";
    const envs = await makeVectorEnvironment<Observation>(id, {
      worker,
      kwargs,
      count: seeds.length,
      autoreset: native ? "next-step" : (mode as (typeof MODES)[number]),
      vectorization: native ? "native" : "copies",
    });
    const steps: Steps = [hex((await envs.reset({ seed: seeds })).observations)];
    for (const [number, row] of actions.entries()) {
      const {
        observations,
        rewards,
        terminated,
        truncated,
        finalObservations: finals,
      } = await envs.step(type(row.flat()) as Int32Array);
      steps.push([...hex(observations), ...hex(rewards), ...hex(terminated), ...hex(truncated)]);
      if (finals) steps.push([...hex(finals.observations), finals.indices.join(",")]);
      const mask = terminated.map((ended, i) => ended | truncated[i]);
      if (mode === "disabled" && mask.includes(1)) {
        const { observations } = await envs.reset({ seed: seeds.map((_, i) => 1000 * number + i), mask });
        steps.push(hex(observations));
      }
    }
    await envs.close();
    return steps;
  }

  describe.each(cases)("$id", ({ id, kwargs = {}, actions: n, limit = 0, steps }) => {
    const random = new Random(7);
    const draw = (): number | number[] =>
      n === undefined ? [Math.fround((2 * random.uniform() - 1) * limit)] : random.integer(n);
    const actions = Array.from({ length: steps }, () => SEEDS.map(draw));
    const type = (flat: number[]): TypedArray => (n === undefined ? Float32Array.from(flat) : Int32Array.from(flat));

    it("single", async () => {
      const job: Job = { id, kwargs, mode: "single", seeds: SEEDS, actions };
      const [ours, theirs] = [await single(job), await reference(job)];
      expect(ours).toEqual(theirs);
      expect(new Set(ours.map((trajectory) => trajectory.join())).size).toBe(SEEDS.length); // seeds matter
    });

    it.each(MODES)("vector, %s", async (mode) => {
      const job: Job = { id, kwargs, mode, seeds: SEEDS, actions };
      expect(await vector(job, type)).toEqual(await reference(job));
    });
  });

  it("CartPole-v1, native vector", async () => {
    const random = new Random(8);
    const actions = Array.from({ length: 300 }, () => SEEDS.map(() => random.integer(2)));
    const job: Job = { id: "CartPole-v1", kwargs: {}, mode: "native", seeds: SEEDS, actions };
    expect(await vector(job, (flat) => Int32Array.from(flat))).toEqual(await reference(job));
  });

  it.each([1, 37, 500])("a limit of %d steps cuts every episode there", async (maxSteps) => {
    const env = await makeEnvironment("Pendulum-v1", { worker, maxSteps });
    const theirs = await reference({
      id: "Pendulum-v1",
      kwargs: { max_episode_steps: maxSteps },
      mode: "single",
      seeds: [3],
      actions: Array(maxSteps).fill([[0]]),
    });
    const steps: Steps = [hex((await env.reset({ seed: 3 })).observation)];
    for (let i = 1; i <= maxSteps; i++) {
      const { observation, reward, terminated, truncated } = await env.step([0]);
      expect([i, terminated, truncated]).toEqual([i, false, i === maxSteps]);
      steps.push([
        ...hex(observation),
        ...hex(Float64Array.of(reward)),
        ...hex(Uint8Array.of(+terminated)),
        ...hex(Uint8Array.of(+truncated)),
      ]);
    }
    steps.push(hex((await env.reset()).observation));
    expect([steps]).toEqual(theirs);
    await env.close();
  });
});
