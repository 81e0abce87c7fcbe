import { UsageError } from "../errors.ts";
import { fastEngine } from "../engines/fast/index.ts";
import type { InputFile } from "../formats/input-file.ts";
import { type Cost, costOf } from "../network/cost.ts";
import { chooseActions } from "../network/decoding.ts";
import type { Engine, RunResult, Work } from "../network/engine.ts";
import { actionsOf, isSpiking, type Network, observationSize, type TieRule } from "../network/network.ts";
import type { OnProgress } from "../progress.ts";

/** How often a network is right on labelled data, and what it costs. */
export interface DataEvaluation {
  readonly states: number;
  /** Time steps; null without. */
  readonly steps: number | null;
  /** Share of states whose output with the largest value is the label; null without labels. */
  readonly accuracy: number | null;
  /** Of it, by Wilson's score: it holds near 0 and 1 too. */
  readonly accuracyCi95: readonly [number, number] | null;
  /** [label][chosen], how many states; null without labels. */
  readonly confusion: readonly (readonly number[])[] | null;
  /** [states], the output with the largest value. */
  readonly chosen: readonly number[];
  readonly spikesPerDecision: number | null;
  readonly synOpsPerDecision: number | null;
  readonly cost: Cost | null;
  readonly seconds: number;
}

/** What runs the network, how long, and which of several equal outputs counts. */
export interface DataOptions {
  /** Our fast one unless given. */
  readonly engine?: Engine;
  readonly steps?: number;
  readonly ties?: TieRule;
  readonly seed?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** So many states at once. */
const BATCH = 64;

/** Shows the network every state, and compares what it chooses with the labels. */
export async function evaluateData(
  network: Network,
  data: InputFile,
  options: DataOptions = {},
): Promise<DataEvaluation> {
  const { engine = fastEngine(), ties = network.coding?.ties ?? "first", seed = 0 } = options;
  const { states, labels, changing } = data;
  const steps = isSpiking(network) ? (data.steps ?? options.steps ?? network.coding.steps) : null;
  if (changing && options.steps !== undefined && options.steps !== data.steps)
    throw new UsageError("SEQUENCE_MISMATCH", `The input has ${data.steps} steps, and --steps says ${options.steps}.`);
  refuseLabels(network, labels);
  const began = performance.now();
  const chosen: number[] = [];
  const loaded = await engine.load(network);
  const works: [Work, number][] = [];
  try {
    for (let first = 0; first < states; first += BATCH) {
      options.signal?.throwIfAborted();
      options.onProgress?.({ stage: "evaluate", done: first, total: states, unit: "states" });
      const count = Math.min(BATCH, states - first);
      const run: RunResult = await loaded.run(part(network, data, first, count), {
        steps: steps ?? undefined,
        seed: seed + first,
        changing,
      });
      const coding = network.coding && { ...network.coding, ties };
      chosen.push(...chooseActions({ coding }, run.outputs, run.potentials, count));
      if (run.work) works.push([run.work, count]);
    }
  } finally {
    await loaded.close();
  }
  options.onProgress?.({ stage: "evaluate", done: states, total: states, unit: "states" });
  const work = works.length > 0 ? averaged(works) : null;
  const right = labels && chosen.filter((action, k) => action === labels[k]).length;
  return {
    states,
    steps,
    accuracy: right === null ? null : right / states,
    accuracyCi95: right === null ? null : wilson(right, states),
    confusion: labels && confusionOf(labels, chosen, actionsOf(network)),
    chosen,
    spikesPerDecision: work && steps !== null ? work.spikes : null,
    synOpsPerDecision: work?.synOps ?? null,
    cost: work && costOf(network, work, steps ?? 0),
    seconds: (performance.now() - began) / 1000,
  };
}

function refuseLabels(network: Network, labels: Int32Array | null): void {
  const most = actionsOf(network);
  const odd = labels?.findIndex((label) => label < 0 || label >= most) ?? -1;
  if (labels && odd >= 0)
    throw new UsageError(
      "SEQUENCE_MISMATCH",
      `Label ${labels[odd]} of state ${odd}: the network has outputs 0 to ${most - 1}.`,
      {
        hint: "Labels are the numbers of outputs, from 0.",
        facts: { state: odd, label: labels[odd], outputs: most },
      },
    );
}

/** States of the data from `first` on. */
function part(
  network: Network,
  { inputs, changing, steps, states }: InputFile,
  first: number,
  count: number,
): Float32Array {
  const size = observationSize(network);
  if (!changing) return inputs.subarray(first * size, (first + count) * size);
  const own = new Float32Array(steps! * count * size);
  for (let t = 0; t < steps!; t++)
    own.set(inputs.subarray((t * states + first) * size, (t * states + first + count) * size), t * count * size);
  return own;
}

function averaged(works: readonly [Work, number][]): Work {
  const total = works.reduce((sum, [, count]) => sum + count, 0);
  const of = (key: keyof Work): number => works.reduce((sum, [work, count]) => sum + work[key] * count, 0) / total;
  const [spikes, accumulates, multiplyAccumulates, active] = [of("spikes"), of("accumulates"), of("multiplyAccumulates"), of("active")]; // prettier-ignore
  return { spikes, accumulates, multiplyAccumulates, synOps: accumulates + multiplyAccumulates, active };
}

function confusionOf(labels: Int32Array, chosen: readonly number[], outputs: number): number[][] {
  const matrix = Array.from({ length: outputs }, () => new Array<number>(outputs).fill(0));
  labels.forEach((label, k) => matrix[label][chosen[k]]++);
  return matrix;
}

/** The 95 % interval of a share of `n`. Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209-212. */
export function wilson(right: number, n: number): [number, number] {
  const z = 1.959963984540054;
  const [share, squared] = [right / n, (z * z) / n];
  const middle = (share + squared / 2) / (1 + squared);
  const half = (z * Math.sqrt((share * (1 - share)) / n + squared / (4 * n))) / (1 + squared);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
