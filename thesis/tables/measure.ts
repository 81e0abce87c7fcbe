import { createHash } from "node:crypto";
import { evaluate, type EvaluateOptions } from "../../src/learning/evaluate.ts";
import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { policyOf, type Policy } from "../../src/learning/policy.ts";
import type { Network } from "../../src/network/file/model.ts";
import { kept } from "./kept.ts";
import type { Side } from "./networks.ts";
import { parallelPolicy } from "./parallel-policy.ts";
import { isLong, type Trial } from "./trials.ts";
import type { Measured } from "./verdict.ts";

export interface MeasureOptions {
  readonly makeEnvironments: MakeEnvironments;
  readonly episodes: number;
  /** A folder that keeps what was measured. */
  readonly keep?: string;
}

/** Scores the network that one side has for `trial`; null where it has none. */
export async function measure(
  trial: Trial,
  side: Side,
  { makeEnvironments, episodes, keep }: MeasureOptions,
): Promise<Measured | null> {
  const subject = await side.subject(trial);
  if (!subject) return null;
  const { network, compare, divisor } = subject;
  const identity = [trial.environment, episodes, digest(network), compare ? digest(compare) : null];
  if (divisor) identity.push(Array.from(divisor).join());
  return kept(keep, identity, async () => {
    const policy: Policy & { close?(): Promise<void> } =
      typeof network === "function"
        ? network()
        : network.kind === "spiking" && isLong(trial)
          ? parallelPolicy(network)
          : policyOf(network);
    const seen = divisor ? dividing(policy, divisor) : policy;
    return score(seen, makeEnvironments, { episodes, compare: compare && policyOf(compare) }).finally(() =>
      policy.close?.(),
    );
  });
}

/** Greedy episodes as a table has them. */
export async function score(
  policy: Policy,
  makeEnvironments: MakeEnvironments,
  options: Pick<EvaluateOptions, "episodes" | "compare" | "onProgress">,
): Promise<Measured> {
  const { mean, std, ci95, episodes, decisions, similarity, similarityCi95, seconds } = await evaluate(
    policy,
    makeEnvironments,
    options,
  );
  return {
    mean,
    std,
    ci95,
    episodes,
    decisions,
    similarity: similarity === null ? null : 100 * similarity,
    similarityCi95: similarityCi95 && ([100 * similarityCi95[0], 100 * similarityCi95[1]] as const),
    seconds,
  };
}

/** The policy on observations divided element by element. */
function dividing(policy: Policy, divisor: Float32Array): Policy {
  return {
    ...policy,
    judge: undefined, // that of undivided observations
    act: (o, batch) =>
      policy.act(
        o.map((x, i) => x / divisor[i % divisor.length]),
        batch,
      ),
  };
}

/** Of everything that a network decides by. */
function digest(network: Network | (() => Policy)): string {
  const hash = createHash("sha256");
  const text = JSON.stringify(typeof network === "function" ? "random" : network, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return value.byteLength;
  });
  return hash.update(text).digest("hex");
}
