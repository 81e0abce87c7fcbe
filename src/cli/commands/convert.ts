import { Option } from "commander";
import { basename } from "node:path";
import {
  balancedConversion,
  balancedConvolution,
  convert,
  originalConversion,
  type ConversionOptions,
} from "../../conversion/convert.ts";
import { fineTune } from "../../learning/fine-tune.ts";
import { loadReplayStates } from "../../conversion/replay.ts";
import { scaleDefaults } from "../../conversion/scales.ts";
import { UsageError } from "../../errors.ts";
import { loadModel, saveModel } from "../../network/file/model.ts";
import { spikingDefaults } from "../../network/old/spiking-network.ts";
import { openTrainable } from "../../engines/create.ts";
import { shapeOf } from "../../network/old/dense-network.ts";
import { command } from "../command.ts";
import { integer, real } from "../flags/options.ts";

interface Options {
  replay?: string;
  method?: "robust" | "data" | "model";
  percentile?: number;
  percentileOf?: "layer-maxima" | "activations";
  granularity?: "layer" | "neuron";
  start?: "zero" | "half" | "balanced";
  headroom?: number;
  holdBack?: number;
  population?: number;
  output?: "scaled" | "unscaled" | "centred";
  steps?: number;
  reset?: "subtraction" | "zero";
  calibrate?: boolean;
  fineTune?: number;
  seed: number;
  out?: string;
}

export default command<Options>({
  name: "convert",
  configure(parser) {
    parser
      .argument("<model>", "a dense or convolutional network")
      .option("--replay <folder>", 'states that the network visited (dsqn collect); only "--method model" does without')
      .addOption(
        new Option("--method <name>", `where the scales come from (default: ${scaleDefaults.method})`).choices([
          "robust",
          "data",
          "model",
        ]),
      )
      .option(
        "--percentile <p>",
        `of the activations, for robust (default: ${scaleDefaults.percentile}; calibrated: ${balancedConversion.percentile}, convolutional ${balancedConvolution.percentile})`,
        real(0, 1),
      )
      .addOption(
        new Option(
          "--percentile-of <what>",
          "of the largest activation of a layer in each state, or of all its activations",
        ).choices(["layer-maxima", "activations"]),
      )
      .addOption(
        new Option("--granularity <what>", "one scale for a layer (the thesis's), or for each neuron").choices([
          "layer",
          "neuron",
        ]),
      )
      .addOption(
        new Option("--start <where>", "membrane potentials before the first step").choices([
          "zero",
          "half",
          "balanced",
        ]),
      )
      .option("--headroom <factor>", "room above the percentile: layer l has factor^l times its scale", real(1, 100))
      .option("--hold-back <n>", "keep hidden layers from firing early, in thresholds", real(0, 1000))
      .option("--population <n>", "spiking neurons for each hidden neuron", integer(1))
      .addOption(
        new Option("--output <how>", "the output layer, which only integrates").choices([
          "scaled",
          "unscaled",
          "centred",
        ]),
      )
      .option(
        "--steps <T>",
        `time steps per decision (default: ${spikingDefaults.steps}; calibrated: ${balancedConversion.spiking.steps}, convolutional ${balancedConvolution.spiking.steps})`,
        integer(1),
      )
      .addOption(
        new Option("--reset <kind>", "what a spike does to its membrane (default: subtraction)").choices([
          "subtraction",
          "zero",
        ]),
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
      .option("--seed <n>", "of fine-tuning", integer(), 0)
      .option("--out <file>", "where to write it (default: <model>-converted.safetensors)")
      .addHelpText(
        "after",
        `
Without further options it is the thesis's conversion: ${describe(originalConversion)}.

Examples:
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay
  dsqn convert models/cartpole-dqn.safetensors --replay models/cartpole-dqn-replay --calibrate --steps 64 --fine-tune 500
  dsqn convert runs/breakout/best.safetensors --replay runs/breakout-replay --calibrate`,
      );
  },
  async run([path], options, { print, progress, signal }) {
    const model = await loadModel(path);
    if (model.network.kind === "spiking")
      throw new UsageError("MODEL_KIND", `"${path}" is a spiking network already.`, {
        hint: "Convert what it was made from: a DQN, a classifier, a policy.",
      });
    const source = model.network;
    const calibrated = source.kind === "dense" ? balancedConversion : balancedConvolution;
    const {
      replay,
      calibrate = false,
      fineTune: iterations,
      seed,
      out = path.replace(/(\.safetensors)?$/, "-converted.safetensors"),
    } = options;
    if (replay === undefined && (options.method !== "model" || iterations !== undefined))
      throw new UsageError(
        "REPLAY_MISSING",
        "The scales are taken from states that the network visited, and none are given.",
        {
          hint: `Collect them: dsqn collect ${path} --env ID --size 20000 --out DIR, then --replay DIR. Or use --method model.`,
        },
      );
    const states =
      replay === undefined
        ? new Float32Array(0)
        : await loadReplayStates(replay, shapeOf(source)[0], model.card?.environment);
    const conversion = {
      ...(calibrate ? calibrated : originalConversion),
      ...given(options, calibrate ? calibrated.spiking.steps : spikingDefaults.steps),
    } satisfies ConversionOptions;
    const { network: converted, scales } = convert(source, states, conversion);
    const tuned =
      iterations === undefined
        ? undefined
        : await fineTune(converted, source, states, {
            iterations,
            seed,
            signal,
            makeTrainable: openTrainable,
            onPoint: (p) =>
              progress({
                stage: "fine-tune",
                done: p.iteration,
                total: iterations,
                unit: "batches",
                note: `agreement ${(100 * p.validationAccuracy).toFixed(2)} %`,
              }),
          });
    const network = tuned?.network ?? converted;
    await saveModel(out, network, {
      method: "convert",
      environment: model.card?.environment,
      source: { model: basename(path), sha256: model.sha256 },
      conversion: { ...conversion, ...(tuned && { fineTune: { iterations, seed, agreement: tuned.agreement } }) },
      scales: scales.map((scale) => (scale.length === 1 ? scale[0] : Array.from(scale))),
      steps: network.steps,
    });
    print(
      {
        scales: scales.map((scale) => (scale.length === 1 ? scale[0] : Array.from(scale))),
        out,
        steps: network.steps,
        conversion,
        fineTune: tuned?.agreement ?? null,
      },
      (result) =>
        [
          `${result.out}  T = ${result.steps}, ${describe(conversion)}`,
          ...result.scales.map(
            (scale, l) =>
              `  layer ${l}  scale ${typeof scale === "number" ? scale.toFixed(4) : `${Math.min(...scale).toFixed(4)} to ${Math.max(...scale).toFixed(4)}`}`,
          ),
          ...(tuned
            ? [
                `  held-back states with the source's action: ${(100 * tuned.agreement.before).toFixed(2)} % converted, ${(100 * tuned.agreement.after).toFixed(2)} % fine-tuned`,
              ]
            : []),
        ].join("\n"),
    );
    return 0;
  },
});

/** What the command line names, over the defaults. */
function given(options: Options, defaultSteps: number): ConversionOptions {
  const { method, percentile, percentileOf, granularity, headroom, start, holdBack, population, output } = options;
  const named = { method, percentile, percentileOf, granularity, headroom, start, holdBack, population, output };
  const spiking = { steps: options.steps ?? defaultSteps, ...(options.reset && { reset: options.reset }) };
  return { ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)), spiking };
}

function describe({
  method = scaleDefaults.method,
  percentile = scaleDefaults.percentile,
  granularity,
  headroom = scaleDefaults.headroom,
  start,
  holdBack = 0,
  population = 1,
  output,
}: ConversionOptions): string {
  const of = method === "robust" ? `robust ${percentile}` : method;
  const room = headroom === 1 ? "" : ` with ${headroom}^layer of room`;
  const held = holdBack === 0 ? "" : `, held back by ${holdBack}`;
  return `${of}, a scale per ${granularity}${room}, start ${start}${held}, ${population > 1 ? `populations of ${population}` : "one neuron for one"}, output ${output}`;
}
