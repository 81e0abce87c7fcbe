import { Option } from "commander";
import { basename } from "node:path";
import {
  balancedConversion,
  balancedConvolution,
  type Conversion,
  convert,
  originalConversion,
  type ConversionOptions,
} from "../../conversion/convert.ts";
import { levelsLearner } from "../../conversion/levels.ts";
import { inPhases, levelsKept, onGrid } from "../../conversion/phases.ts";
import { quantise } from "../../conversion/quantise.ts";
import { scaleDefaults } from "../../conversion/scales.ts";
import { openTrainable } from "../../engines/open-trainable.ts";
import { UsageError } from "../../errors.ts";
import { fineTune, fineTuneDefaults, type FineTuned } from "../../learning/fine-tune.ts";
import { environmentOf } from "../../learning/environment-card.ts";
import { loadReplayStates } from "../../learning/replay-states.ts";
import { loadModel, mayWriteModel, saveModel } from "../../network/file/model.ts";
import {
  codingDefaults,
  isSpiking,
  kindOf,
  type Network,
  observationSize,
  type SpikingNetwork,
} from "../../network/network.ts";
import { type NeuronKind, neuronModels } from "../../network/neurons/index.ts";
import { refuseUnheard } from "../../network/reach.ts";
import { dryRunFlag, type DryRunFlag, written } from "../flags/dry-run.ts";
import { command, type Context } from "../command.ts";
import { warnSilent } from "../flags/unheard.ts";
import { integer, real } from "../flags/options.ts";

/** What `convert` takes besides its coding. */
type Named = Omit<ConversionOptions, "spiking" | "maxStates">;

interface Options extends Named, DryRunFlag {
  replay?: string;
  steps?: number;
  neuron?: NeuronKind;
  reset?: "subtraction" | "zero";
  calibrate?: boolean;
  fineTune?: number;
  learningRate?: number;
  price?: number;
  levels?: boolean;
  phases?: boolean;
  bits?: number;
  seed: number;
  out?: string;
}

const oneOf = (flag: string, description: string, choices: readonly string[]): Option =>
  new Option(flag, description).choices(choices);

/** The flags that name an option of `convert`. */
const named: readonly Option[] = [
  oneOf("--method <name>", `where the scales come from (default: ${scaleDefaults.method})`, [
    "robust",
    "data",
    "model",
  ]),
  new Option(
    "--percentile <p>",
    `of the activations, for robust (default: ${scaleDefaults.percentile}; calibrated: ${balancedConversion.percentile}, convolutional ${balancedConvolution.percentile})`,
  ).argParser(real(0, 1)),
  oneOf("--percentile-of <what>", "of the largest activation of a layer in each state, or of all its activations", [
    "layer-maxima",
    "activations",
  ]),
  oneOf("--granularity <what>", "one scale for a layer (the thesis's), or for each neuron", ["layer", "neuron"]),
  oneOf(
    "--floor <rule>",
    "what no scale falls below: its largest weight and bias (the thesis's), or a twentieth of the layer's largest scale",
    ["largest-weight", "share"],
  ),
  oneOf("--start <where>", "membrane potentials before the first step", ["zero", "half", "balanced"]),
  new Option("--headroom <factor>", "room above the percentile: layer l has factor^l times its scale").argParser(
    real(1, 100),
  ),
  new Option("--hold-back <n>", "keep hidden layers from firing early, in thresholds").argParser(real(0, 1000)),
  new Option("--population <n>", "spiking neurons for each hidden neuron").argParser(integer(1)),
  oneOf("--output <how>", "the output layer, which only integrates", ["scaled", "unscaled", "centred"]),
];

export default command<Options>({
  name: "convert",
  configure(parser) {
    parser
      .argument("<model>", "a dense or convolutional network")
      .option(
        "--replay <folder>",
        'states that the network visited (dsqn collect); only "--method model" does without',
      );
    for (const option of named) parser.addOption(option);
    parser
      .option(
        "--steps <T>",
        `time steps per decision (default: ${codingDefaults.steps}; calibrated: ${balancedConversion.spiking.steps}, convolutional ${balancedConvolution.spiking.steps})`,
        integer(1),
      )
      .addOption(
        oneOf(
          "--neuron <model>",
          "lagged-lif (the thesis's, default), or lif, whose spikes arrive in their own step: few steps suffice",
          Object.keys(neuronModels),
        ),
      )
      .addOption(
        oneOf("--reset <kind>", "what a spike does to its membrane (default: subtraction)", ["subtraction", "zero"]),
      )
      .option(
        "--calibrate",
        `few steps instead of the thesis's way: ${describe(balancedConversion)}; convolutional: ${describe(balancedConvolution)}`,
      )
      .option(
        "--fine-tune <batches>",
        "then train the spiking network on the source's policy for so many batches",
        integer(1),
      )
      .option(
        "--learning-rate <r>",
        `of fine-tuning, at its start (default: ${fineTuneDefaults.learningRate})`,
        real(0, 1),
      )
      .option("--price <strength>", "of fine-tuning: a price on spikes (about 1 leaves few)", real(0, 1e6))
      .option("--levels", "of fine-tuning: the network of T levels that the spikes stand for, instead of the spikes")
      .option(
        "--phases",
        "a layer fires when the one before has finished: the network of T levels, decision by decision",
      )
      .option("--bits <n>", "of a weight, in the end: 2 to 16 (default: 32, float)", integer(2))
      .option("--seed <n>", "of fine-tuning", integer(), 0)
      .option("--out <file>", "where to write it (default: <model>-converted.safetensors)");
    dryRunFlag(parser).addHelpText(
      "after",
      `
Without further options it is the thesis's conversion: ${describe(originalConversion)}.

Examples:
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay --calibrate --steps 64 --fine-tune 500
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay --calibrate --neuron lif --steps 4 \\
    --population 1 --fine-tune 8000 --learning-rate 0.002 --price 1
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay --calibrate --neuron lif --steps 4 \\
    --population 1 --fine-tune 2000 --levels --phases
  dsqn convert runs/breakout/best.safetensors --replay runs/breakout-replay --calibrate`,
    );
  },
  async run([path], options, { print, progress, signal, log }) {
    const {
      replay,
      fineTune: iterations,
      bits,
      out = path.replace(/(\.safetensors)?$/, "-converted.safetensors"),
    } = options;
    const { network: source, card, sha256 } = await loadModel(path);
    if (isSpiking(source))
      throw new UsageError("MODEL_KIND", `"${path}" is a spiking network already.`, {
        hint: "Convert what it was made from: a DQN, a classifier, a policy.",
      });
    if (replay === undefined && (options.method !== "model" || iterations !== undefined))
      throw new UsageError(
        "REPLAY_MISSING",
        "The scales are taken from states that the network visited, and none are given.",
        {
          hint: `Collect them: dsqn collect ${path} --env ID --size 20000 --out DIR, then --replay DIR. Or use --method model.`,
        },
      );
    mayWriteModel(out);
    const states =
      replay === undefined
        ? new Float32Array(0)
        : await loadReplayStates(replay, observationSize(source), card?.environment);
    const conversion = conversionOf(options, kindOf(source) === "dense" ? balancedConversion : balancedConvolution);
    refuseOrder(options);
    const converted = convert(source, states, conversion);
    refuseUnheard(converted.network);
    const tuned = await tune(converted.network, source, states, options, { progress, signal });
    const base = tuned?.network ?? converted.network;
    const whole = options.phases ? onGrid(base) : base;
    const warnings = warnSilent(whole, states, log);
    const scales = converted.scales.map((scale) => (scale.length === 1 ? scale[0] : Array.from(scale)));
    const network = options.phases ? inPhases(whole) : bits === undefined ? whole : quantise(whole, bits);
    const { steps } = network.coding;
    const levels = options.phases && states.length > 0 ? levelsKept(network, whole, states) : null;
    const fields = {
      method: "convert",
      ...environmentOf(card),
      source: { model: basename(path), sha256 },
      conversion: {
        ...conversion,
        ...(tuned && { fineTune: { ...tuningOf(options), agreement: tuned.agreement } }),
        ...(options.phases && { phases: { levels: whole.coding.steps, equal: levels } }),
        ...(bits && { bits }),
      },
      scales,
      steps,
    };
    await written(out, options, { log }, (file) => saveModel(file, network, fields));
    print(
      {
        ...{ scales, out, dryRun: options.dryRun, steps, conversion },
        ...{ fineTune: tuned?.agreement ?? null, levels, warnings },
      },
      (result) => [render(result.out, conversion, converted, tuned), ...renderLevels(levels, steps)].join("\n"),
    );
    return 0;
  },
});

/** How to fine-tune, as the card has it. */
function tuningOf({ fineTune: iterations, seed, learningRate, price, levels }: Options) {
  return {
    iterations,
    seed,
    ...(levels && { levels }),
    ...(learningRate && { learningRate }),
    ...(price && { price: { strength: price, rate: 0 } }),
  };
}

/** The network after fine-tuning; undefined where the flags ask for none. */
async function tune(
  network: SpikingNetwork,
  source: Network,
  states: Float32Array,
  options: Options,
  { progress, signal }: Pick<Context, "progress" | "signal">,
): Promise<FineTuned | undefined> {
  const { fineTune: total, learningRate, price, levels } = options;
  if (total !== undefined)
    return await fineTune(network, source, states, {
      ...tuningOf(options),
      signal,
      makeTrainable: options.levels ? levelsLearner : openTrainable,
      onPoint: ({ iteration: done, validationAccuracy }) => {
        const note = `agreement ${(100 * validationAccuracy).toFixed(2)} %`;
        progress({ stage: "fine-tune", done, total, unit: "batches", note });
      },
    });
  if (price === undefined && learningRate === undefined && !levels) return undefined;
  throw new UsageError("BAD_ARGUMENT", "--price, --levels and --learning-rate belong to fine-tuning.", {
    hint: "Add --fine-tune BATCHES.",
  });
}

/** Refuses what takes the order of spikes away from what needs it. */
function refuseOrder({ levels, phases, price, bits }: Options): void {
  if (levels && price !== undefined)
    throw new UsageError("BAD_ARGUMENT", "--price is of spikes, and with --levels the network that learns has none.", {
      hint: "Leave out --price or --levels.",
    });
  if (phases && bits !== undefined)
    throw new UsageError("BAD_ARGUMENT", "--bits would round what holds neurons back in two phases too.", {
      hint: "Leave out --bits or --phases.",
    });
}

function renderLevels(levels: number | null, steps: number): string[] {
  if (levels === null) return [];
  return [`  in two phases, ${steps} steps: ${(100 * levels).toFixed(2)} % of the states as the network of levels`];
}

/** What the command line names, over the defaults. */
function conversionOf(options: Options, calibrated: typeof balancedConversion | typeof balancedConvolution) {
  const base = options.calibrate ? calibrated : originalConversion;
  const flags = named.map((option) => option.attributeName() as keyof Named);
  const given = flags.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  const steps = options.steps ?? (options.calibrate ? calibrated.spiking.steps : codingDefaults.steps);
  const { neuron, reset } = options;
  const spiking = { steps, ...(neuron && { neuron }), ...(reset && { reset }) };
  return { ...base, ...(Object.fromEntries(given) as Named), spiking } satisfies ConversionOptions;
}

function render(
  out: string,
  conversion: ConversionOptions,
  { network, scales }: Conversion,
  tuned: FineTuned | undefined,
): string {
  const percent = (share: number): string => (100 * share).toFixed(2);
  const range = (scale: Float64Array): string =>
    [...new Set([Math.min(...scale), Math.max(...scale)])].map((end) => end.toFixed(4)).join(" to ");
  return [
    `${out}  T = ${network.coding.steps}, ${describe(conversion)}`,
    ...scales.map((scale, l) => `  layer ${l}  scale ${range(scale)}`),
    ...(tuned
      ? [
          `  held-back states with the source's action: ${percent(tuned.agreement.before)} % converted, ${percent(tuned.agreement.after)} % fine-tuned`,
        ]
      : []),
  ].join("\n");
}

function describe(options: ConversionOptions): string {
  const o = { ...originalConversion, ...options };
  const of = o.method === "robust" ? `robust ${o.percentile}` : o.method;
  const room = o.headroom === 1 ? "" : ` with ${o.headroom}^layer of room`;
  const held = o.holdBack === 0 ? "" : `, held back by ${o.holdBack}`;
  const neurons = o.population > 1 ? `populations of ${o.population}` : "one neuron for one";
  return `${of}, a scale per ${o.granularity} (floor ${o.floor})${room}, start ${o.start}${held}, ${neurons}, output ${o.output}`;
}
