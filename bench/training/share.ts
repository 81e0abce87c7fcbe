// What of a preset's time is learning, what the environment itself, and what neither, with the time in between split by name:
//   node --import ./scripts/register-ts.mjs bench/training/share.ts [preset] [seeds] [first seed]
// `agent`: choosing, learning, remembering. `environment`: what the loop waits for a call beyond learning that overlaps with it, at most as
// long as the same call takes in Python alone (env_alone.py: same copies, same numbers of steps and resets). `neither`: all the rest, that is
// starting workers (`opening`), what a call takes beyond Python alone (`bridge`), and the loop's `bookkeeping` with these clocks. Greedy
// evaluation is part of the run, and split alike.
import { execa } from "execa";
import type { Environments, MakeEnvironments } from "../../src/environments/worlds.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import type { Algorithm } from "../../src/learning/algorithm.ts";
import { createVectorDqn, dqnPlan } from "../../src/learning/algorithms/dqn.ts";
import { dqnSchema } from "../../src/learning/algorithms/dqn-config.ts";
import { mergeConfig, parseConfig } from "../../src/learning/config.ts";
import { loadConfig } from "../../src/learning/presets/index.ts";
import { train } from "../../src/learning/train.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";
import { median } from "./median.ts";

const [preset = "cartpole-dqn", seeds = "5", first = "0"] = process.argv.slice(2);
const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const now = (): number => performance.now() / 1000;

interface Clock {
  agent: number;
  /** Seconds from the end of the agent's work on a step until its result is there, one value a call. */
  readonly waits: Map<string, number[]>;
  /** Until workers, Python and its environments are there. */
  opening: number;
}

/** The agent's own calls, timed. */
function timedAlgorithm(algorithm: Algorithm, clock: Clock): Algorithm {
  const timed = new Set<string | symbol>(["act", "learn", "observe", "begin", "endRound", "candidate", "weights"]);
  return new Proxy(algorithm, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name === "greedy" || timed.has(name))
        return (...parameters: unknown[]): unknown => {
          const started = now();
          const result: unknown = Reflect.apply(value, target, parameters);
          clock.agent += now() - started;
          return result;
        };
      return (value as (...parameters: unknown[]) => unknown).bind(target);
    },
  });
}

/** The environments' calls: how long the loop waits for each, less what the agent works meanwhile. */
function timedEnvironments(environments: Environments, clock: Clock): Environments {
  const timed = async <T>(kind: string, call: () => Promise<T>): Promise<T> => {
    const started = now();
    const agent = clock.agent;
    const result = await call();
    const waits = clock.waits.get(kind) ?? [];
    waits.push(now() - started - (clock.agent - agent));
    clock.waits.set(kind, waits);
    return result;
  };
  return new Proxy(environments, {
    get(target, name) {
      const { count } = environments;
      if (name === "parts") return environments.parts?.map((part) => timedEnvironments(part, clock));
      if (name === "step")
        return (actions: Int32Array, meanwhile?: boolean) =>
          timed(`step ${count}`, () => target.step(actions, meanwhile));
      if (name === "reset")
        return (options: { seed: readonly number[]; mask?: Uint8Array }) =>
          timed(`reset ${options.mask?.filter(Boolean).length ?? count}`, () => target.reset(options));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as () => unknown).bind(target) : value;
    },
  });
}

const { config: base } = await loadConfig(preset);
const rows = [];
for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
  const config = parseConfig(dqnSchema, mergeConfig(base, { seed }), preset);
  const clock: Clock = { agent: 0, waits: new Map(), opening: 0 };
  const total = await withGymnasium(config.environment, async (open) => {
    const makeEnvironments: MakeEnvironments = async (count) => {
      const started = now();
      const environments = await open(count);
      clock.opening += now() - started;
      return timedEnvironments(environments, clock);
    };
    const { seconds } = await train(
      async (environments) => timedAlgorithm(await createVectorDqn(config, environments), clock),
      dqnPlan(config),
      { makeEnvironments },
    );
    return seconds;
  });
  const kinds = [...clock.waits].map(([kind, waits]) => {
    const sorted = waits.toSorted((a, b) => a - b);
    return { kind, calls: waits.length, wait: median(waits), p95: sorted[Math.floor(sorted.length * 0.95)] };
  });
  const { stdout } = await execa(
    (await ensurePython([])).python,
    ["bench/training/env_alone.py", config.environment.id],
    {
      input: JSON.stringify(kinds.map(({ kind }) => kind)),
    },
  );
  const alone = JSON.parse(stdout) as Record<string, number>;
  const beyond = Object.fromEntries(
    [...clock.waits].map(([kind, waits]) => [kind, sum(waits.map((wait) => Math.max(0, wait - alone[kind])))]),
  );
  const bridge = sum(Object.values(beyond));
  const environment = sum([...clock.waits.values()].flat()) - bridge;
  const share = (part: number): number => part / total;
  const neither = total - clock.agent - environment;
  const row = {
    seed,
    seconds: total,
    agent: share(clock.agent),
    environment: share(environment),
    neither: share(neither),
    opening: share(clock.opening),
    bridge: share(bridge),
    bookkeeping: share(neither - clock.opening - bridge),
    calls: kinds,
    alone,
    beyond,
  };
  rows.push(row);
  process.stderr.write(`${JSON.stringify(row)}\n`);
}
process.stdout.write(`${JSON.stringify({ preset, neither: median(rows.map((row) => row.neither)), rows }, null, 2)}\n`);
