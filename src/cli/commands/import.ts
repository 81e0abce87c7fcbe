import { Option } from "commander";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UsageError } from "../../errors.ts";
import { architectureSchema, type ImportedArchitecture } from "../../formats/architecture.ts";
import { importDefaults, importNetwork } from "../../formats/import.ts";
import { readVecNormalize } from "../../formats/vecnormalize.ts";
import { saveModel } from "../../network/file/model.ts";
import { kindOf, shapeOf } from "../../network/network.ts";
import { command } from "../command.ts";
import { integer, real } from "../flags/options.ts";

interface Options {
  out: string;
  kind?: "dense" | "spiking" | "convolutional";
  input?: string;
  strides?: string;
  padding?: string;
  inputScale?: number;
  flatten?: "chw" | "hwc";
  architecture?: string;
  observationSize?: number;
  biasInput?: boolean;
  signedInputs?: boolean;
  steps?: number;
  alpha?: number;
  beta?: number;
  threshold?: number;
  reset?: "subtraction" | "zero";
  prefix?: string;
  layers?: string;
  activation?: string;
  vecnormalize?: string;
  env?: string;
}

export default command<Options>({
  name: "import",
  configure(parser) {
    parser
      .argument(
        "<file>",
        "of torch (.pt, .pth and others), .npz, .safetensors, TensorFlow.js (model.json), Keras, ONNX, stable-baselines3 (.zip), or a folder with one",
      )
      .requiredOption("--out <file>", "the model file to write (.safetensors)")
      .addOption(
        new Option("--kind <kind>", "what the weights are, where the file can't tell").choices([
          "dense",
          "spiking",
          "convolutional",
        ]),
      )
      .option("--prefix <name>", "of several networks in a file the one whose tensors' names begin so")
      .option("--layers <a,b,c>", "its layers in the order of the forward pass, where shapes and names leave several")
      .option(
        "--activation <word>",
        "relu (assumed where the file does not say), or one word for each layer but the last: relu,linear",
      )
      .option("--vecnormalize <file>", "stable-baselines3's statistics of observations, which the first layer takes in")
      .option("--input <HxWxC>", "convolutional: the image that it sees, height x width x channels")
      .option("--strides <n,n,...>", "convolutional: of each convolution (default: 1)")
      .option("--padding <n,n,...>", "convolutional: zeros on each side for each convolution (default: 0)")
      .option("--input-scale <x>", "convolutional: what observations are multiplied by (default: 1/255)", real())
      .addOption(
        new Option(
          "--flatten <order>",
          "convolutional: how the first dense layer sees the image (default: chw, torch's)",
        ).choices(["chw", "hwc"]),
      )
      .option("--architecture <file>", "convolutional: all of that and pooling, as JSON (docs/formats.md)")
      .option("--observation-size <n>", "values of an observation: one input more is a constant 1", integer(1))
      .option("--bias-input", "spiking: the last input is a constant 1 (default: if there are no biases)")
      .option("--no-bias-input", "spiking: it is not")
      .option("--signed-inputs", "spiking: two input neurons for each value of an observation")
      .option(
        "--steps <T>",
        `spiking: time steps per decision (default: ${importDefaults.stepsWithBiases}, without biases ${importDefaults.stepsWithoutBiases})`,
        integer(1),
      )
      .option("--alpha <decay>", "spiking: of the current per step (default: 0)", real(0, 1))
      .option("--beta <decay>", "spiking: of the potential per step (default: 1)", real(0, 1))
      .option("--threshold <v>", "spiking (default: 1)", real())
      .addOption(new Option("--reset <kind>", "spiking (default: subtraction)").choices(["subtraction", "zero"]))
      .option("--env <id>", "Gymnasium environment, for the card")
      .addHelpText(
        "after",
        "\nExamples:\n  dsqn import model.pt --out models/mine.safetensors --env CartPole-v1\n  dsqn import weights.npz --kind spiking --no-bias-input --steps 50 --out mine.safetensors\n  dsqn import dqn.pt --input 84x84x4 --strides 4,2,1 --out mine.safetensors --env ALE/Breakout-v5\n  dsqn import my-tfjs-model/model.json --out mine.safetensors",
      );
  },
  async run([path], { out, kind, observationSize, env, ...options }, { print }) {
    const { biasInput, signedInputs, steps, alpha, beta, threshold, reset } = options;
    const { network, tensors, source, form, assumed } = await importNetwork(path, {
      kind,
      observationSize,
      spiking: { biasInput, signedInputs, steps },
      neuronParameters: { alpha, beta, threshold, reset },
      architecture: await architectureFrom(options),
      prefix: options.prefix,
      layers: options.layers?.split(",").map((name) => name.trim()),
      activation: options.activation,
      standardisation: options.vecnormalize === undefined ? undefined : await readVecNormalize(options.vecnormalize),
    });
    const card = await saveModel(out, network, {
      method: "import",
      environment: env,
      source: { model: basename(source), form },
      ...(assumed.length > 0 && { assumed }),
    });
    const facts = {
      kind: kindOf(network),
      form,
      shape: shapeOf(network),
      biasInput: network.coding?.biasInput,
      assumed,
    };
    print({ tensors, out, ...facts, sha256: card.sha256 }, (result) =>
      [
        `${result.out}  ${result.kind} ${result.shape.join("-")}${result.biasInput ? ", last input a constant 1" : ""}, from ${source} (${form})`,
        ...result.tensors.map(({ name, shape }) => `  ${name.padEnd(16)} [${shape.join(", ")}]`),
        ...result.assumed.map((what) => `  assumed: ${what}`),
      ].join("\n"),
    );
    return 0;
  },
});

/** What the options say of a convolutional network; undefined where they say nothing. */
async function architectureFrom({
  input,
  strides,
  padding,
  inputScale,
  flatten,
  architecture,
}: Partial<Options>): Promise<ImportedArchitecture | undefined> {
  const list = (option: string, text: string, separator: string): number[] =>
    text.split(separator).map((part) => {
      if (/^\d+$/.test(part.trim())) return Number(part);
      throw new UsageError("BAD_ARGUMENT", `--${option} ${text}: "${part}" is no whole number.`);
    });
  const named = Object.fromEntries(
    Object.entries({
      input: input && list("input", input, "x"),
      strides: strides && list("strides", strides, ","),
      padding: padding && list("padding", padding, ","),
      inputScale,
      flatten,
    }).filter(([, value]) => value !== undefined),
  );
  if (architecture === undefined) return input === undefined ? undefined : (named as unknown as ImportedArchitecture);
  try {
    const file = JSON.parse(await readFile(architecture, "utf8")) as object;
    return architectureSchema.parse({ ...file, ...named });
  } catch (cause) {
    throw new UsageError("BAD_ARGUMENT", `--architecture ${architecture}: ${(cause as Error).message}`, { cause });
  }
}
