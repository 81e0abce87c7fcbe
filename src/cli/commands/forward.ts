import { Option } from "commander";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { UsageError } from "../../errors.ts";
import { loadModel } from "../../network/file/model.ts";
import { loadInput } from "../../formats/input-file.ts";
import { writeRun } from "../../formats/record.ts";
import { forward, type ForwardPass, passOf, withOptions } from "../../engines/forward.ts";
import { codingDefaults, isSpiking, type Network, observationSize, type TieRule } from "../../network/network.ts";
import type { LaggedLif } from "../../network/neurons/index.ts";
import { fastEngine } from "../../engines/fast/index.ts";
import { referenceEngine, referenceEngine32 } from "../../engines/reference/index.ts";
import type { Observations, RunOptions } from "../../network/engine.ts";
import { simulators } from "../../simulators/names.ts";
import { type OpenOptions, openSimulator } from "../../simulators/open.ts";
import { boardSettingsFrom, hostFlags, type HostFlags } from "../flags/board.ts";
import { command } from "../command.ts";
import { integer, real } from "../flags/options.ts";
import { codingFlags, withCoding, type CodingFlags } from "../flags/coding.ts";
import { warnEqual, warnUnheard } from "../flags/unheard.ts";

interface Options extends CodingFlags, HostFlags {
  simulator: string;
  input: string;
  record?: string;
  dt: number;
  steps?: number;
  reset?: LaggedLif["reset"];
  ties?: TieRule;
  engine: "fast" | "reference";
  precision: "float32" | "float64";
  seed: number;
}

/** A list of numbers, nested or not: an image may come as rows of pixels of channels. */
type Nested = readonly (number | Nested)[];
const nestedSchema: z.ZodType<Nested> = z.lazy(() => z.array(z.union([z.number(), nestedSchema])).min(1));

export default command<Options>({
  name: "forward",
  configure(parser) {
    hostFlags(codingFlags(parser.argument("<model>", "a model file (.safetensors)")))
      .requiredOption(
        "--input <json>",
        "one observation [..], several [[..], ..], or @FILE with either (JSON, or .npz), or with input that changes, [steps, states, ...] (.npz, NIRData)",
      )
      .option("--record <file>", "write spikes and potentials of every layer and step: .npz, or .nir (NIRData)")
      .option("--dt <seconds>", "of a step, in NIRData", real(0), 1)
      .option("--simulator <name>", `what runs it: engine, ${Object.keys(simulators).join(", ")}`, "engine")
      .option("--steps <T>", "time steps, instead of the model's own", integer(1))
      .addOption(
        new Option("--reset <kind>", "instead of the model's own; zero is a reset of lif to 0").choices([
          "subtraction",
          "zero",
        ]),
      )
      .addOption(
        new Option("--ties <rule>", "which of several equal values acts").choices(["first", "last", "potential"]),
      )
      .addOption(
        new Option("--engine <name>", "kernels, or the readable reference")
          .choices(["fast", "reference"])
          .default("fast"),
      )
      .addOption(new Option("--precision <type>", "arithmetic").choices(["float32", "float64"]).default("float32"))
      .option("--seed <n>", "of Poisson encoding", integer(), 0)
      .addHelpText(
        "after",
        '\nspikes[layer][state][neuron] of --json are the spikes of a whole decision.\n\nExample:\n  dsqn forward models/cartpole-dqn-converted.safetensors --input "[0.1, 0.2, -0.1, 0.3]" --steps 100\n  dsqn forward models/cartpole-dsqn.safetensors --input "[0.1, 0.2, -0.1, 0.3]" --simulator spinnaker --board-host emulated',
      );
  },
  async run([path], options, { print, log, progress, signal }) {
    const { input, steps: wanted, engine, precision, seed, record, dt, simulator, ...rest } = options;
    const network = withCoding((await loadModel(path)).network, rest);
    const { observations, changing, length } = await parseInput(input, network, dt);
    const steps = wanted ?? length;
    if (!isSpiking(network)) refuseSpikingOptions({ steps, reset: rest.reset });
    const runner =
      engine === "fast" ? fastEngine(precision) : precision === "float64" ? referenceEngine : referenceEngine32;
    const shown = isSpiking(network) ? withOptions(network, rest) : network;
    const pass =
      simulator === "engine"
        ? forward(shown, observations, { engine: runner, ties: rest.ties, steps, seed, changing })
        : await simulate(shown, observations, {
            name: simulator,
            ties: rest.ties,
            run: { steps, seed, changing },
            open: {
              settings: { ...boardSettingsFrom({ ...options, input: undefined }, simulator) },
              onProgress: progress,
              onWarning: log,
              signal,
            },
            record,
          });
    if (record !== undefined) {
      if (!isSpiking(shown)) throw refused("record");
      const kept = { steps, seed, changing, recordSpikes: true, recordPotentials: true };
      const result = runner.load(shown).run(observations, kept);
      const run = { network: shown, inputs: observations, changing, steps: steps ?? shown.coding.steps, result };
      await writeRun(record, run, dt);
      log(`spikes and potentials ${record}`);
    }
    const warnings = warnUnheard(network, steps, log);
    const rows = pass.outputs.length;
    if (warnings.length === 0 && !changing && distinct(observations, rows))
      warnings.push(...warnEqual(Float64Array.from(pass.outputs.flatMap((row) => [...row])), rows, log));
    print(
      {
        ...(pass as Omit<ForwardPass, "work"> & Partial<ForwardPass>),
        warnings,
        steps: isSpiking(network) ? (steps ?? network.coding.steps) : null,
        ...(simulator === "engine" ? { engine, precision } : { simulator }),
      },
      ({ outputs, actions, spikes, work }) =>
        [
          ...outputs.map(
            (values, b) => `action ${actions[b]}   outputs ${values.map((value) => value.toPrecision(7)).join("  ")}`,
          ),
          ...spikes.map(
            (states, l) =>
              `layer ${l}: ${states.map((counts) => counts.reduce((sum, count) => sum + count, 0)).join(", ")} spikes`,
          ),
          ...(work ? [`${work.synOps.toFixed(0)} synaptic operations per decision`] : []),
        ].join("\n"),
    );
    return 0;
  },
});

interface Simulated {
  readonly name: string;
  readonly ties?: TieRule;
  readonly run: Pick<RunOptions, "steps" | "seed" | "changing">;
  readonly open: OpenOptions;
  readonly record?: string;
}

/** The same by a simulator, which counts no operations. */
async function simulate(
  network: Network,
  observations: Observations,
  { name, ties, run, open, record }: Simulated,
): Promise<Omit<ForwardPass, "work">> {
  if (!isSpiking(network)) throw refused("simulator");
  if (record !== undefined)
    throw new UsageError(
      "BAD_ARGUMENT",
      "--record writes what our engine does; simulators don't give every potential.",
      {
        hint: `Leave out --simulator ${name}, or --record.`,
      },
    );
  const engine = await openSimulator(name, open);
  try {
    const loaded = await engine.load(network);
    const result = await loaded.run(observations, { ...run, recordSpikes: true });
    return passOf(network, result, ties ?? network.coding.ties ?? codingDefaults.ties);
  } finally {
    await engine.close();
  }
}

/** Whether not all of so many observations are the same. */
function distinct(observations: Float64Array | Float32Array, rows: number): boolean {
  const size = observations.length / rows;
  return observations.some((value, k) => value !== observations[k % size]);
}

interface Given {
  readonly observations: Float64Array | Float32Array;
  readonly changing: boolean;
  /** Steps of input that changes. */
  readonly length?: number;
}

async function parseInput(text: string, network: Network, dt: number): Promise<Given> {
  const width = observationSize(network);
  if (/^@.*\.(npz|nir)$/.test(text)) {
    const { inputs, changing, steps } = await loadInput(text.slice(1), network, dt);
    return { observations: inputs, changing, length: steps ?? undefined };
  }
  return { observations: await parseJson(text, width), changing: false };
}

async function parseJson(text: string, width: number): Promise<Float64Array> {
  const json = text.startsWith("@")
    ? await readFile(text.slice(1), "utf8").catch((cause: unknown) => bad(`${text.slice(1)} could not be read`, cause))
    : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    bad(`the input is not JSON (${(cause as Error).message})`, cause);
  }
  const list = nestedSchema.safeParse(value);
  if (!list.success) return bad("the input is neither an observation [..] nor a list of observations [[..], ..]");
  const flat = (values: Nested | number): number[] => (typeof values === "number" ? [values] : values.flatMap(flat));
  // One observation may be nested itself (an image): it is one if all its values are as many as the network takes.
  const all = flat(list.data);
  return fitting(all.length === width || typeof list.data[0] === "number" ? [all] : list.data.map(flat), width);
}

function fitting(rows: readonly ArrayLike<number>[], width: number): Float64Array {
  const values = new Float64Array(rows.length * width);
  for (const [k, row] of rows.entries()) {
    if (row.length !== width)
      throw new UsageError(
        "OBSERVATION_MISMATCH",
        `Observation ${k} has ${row.length} values; the network takes ${width}.`,
        { facts: { observation: k, values: row.length, observationSize: width } },
      );
    values.set(row, k * width);
  }
  return values;
}

function refuseSpikingOptions(options: Readonly<Record<string, unknown>>): void {
  for (const name in options) if (options[name] !== undefined) throw refused(name);
}

function refused(flag: string): UsageError {
  return new UsageError("BAD_ARGUMENT", `--${flag} is for spiking networks, and this one has no spikes.`);
}

function bad(problem: string, cause?: unknown): never {
  throw new UsageError("BAD_ARGUMENT", `--input: ${problem}.`, {
    cause,
    hint: 'For example --input "[0.1, 0, -0.2, 0]".',
  });
}
