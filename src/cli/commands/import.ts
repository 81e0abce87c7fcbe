import { Option } from "commander";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { ZodError } from "zod";
import { UsageError } from "../../errors.ts";
import { architectureSchema, type ImportedArchitecture } from "../../formats/architecture.ts";
import { type Framework, frameworks } from "../../formats/frameworks/dialects.ts";
import { parseNeuronsFile } from "../../formats/frameworks/neurons-file.ts";
import type { FrameworkOptions } from "../../formats/form.ts";
import { explainFile, importDefaults, importNetwork } from "../../formats/import.ts";
import { type NirDialect, nirDialects, type NirOptions } from "../../formats/nir/options.ts";
import { readVecNormalize } from "../../formats/vecnormalize.ts";
import { mayWriteModel, saveModel } from "../../network/file/model.ts";
import { type Decoding, decodings, kindOf, shapeOf } from "../../network/network.ts";
import { command } from "../command.ts";
import { dryRunFlag, type DryRunFlag, written } from "../flags/dry-run.ts";
import { warnUnheard } from "../flags/unheard.ts";
import { integer, real } from "../flags/options.ts";

interface Options extends DryRunFlag {
  out?: string;
  explain?: boolean;
  framework?: Framework;
  neuron?: string;
  neurons?: string;
  decoding?: Decoding;
  dialect?: NirDialect;
  dt?: number;
  maxSpikes?: number;
  normInput?: boolean;
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
  reset?: "subtraction" | "zero" | "subtraction-late";
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
        "of torch (.pt, .pth and others), .npz, .safetensors, .nir, TensorFlow.js (model.json), Keras, ONNX, stable-baselines3 (.zip), or a folder with one",
      )
      .option("--out <file>", "the model file to write (.safetensors)")
      .option("--explain", "instead: what a state_dict of a spiking network leaves open, as a file for --neurons")
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
      .addOption(new Option("--framework <name>", "whose spiking network a state_dict is").choices(frameworks))
      .option(
        "--neuron <class>",
        'its neurons, as in Python: "LIFNode(tau=2.0, v_reset=None)"; what the file holds is read',
      )
      .option("--neurons <file>", "layer by layer, instead (JSON; --explain prints one to fill in)")
      .addOption(
        new Option("--decoding <name>", "how a framework's network is read (default: spikes)").choices(decodings),
      )
      .addOption(
        new Option("--dialect <name>", "NIR: who wrote the file, or nir: its own equations (docs/nir.md)").choices(
          nirDialects,
        ),
      )
      .option("--dt <time>", "NIR: of a step, in the file's unit (default: the dialect's; nir has none)", real())
      .option("--max-spikes <n>", "NIR: spikes of a neuron per step (default: 1; sinabs: no limit)", integer(1))
      .option("--no-norm-input", "NIR of sinabs: inputs are taken as they are (norm_input=False)")
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
      .addOption(
        new Option(
          "--reset <kind>",
          "spiking (default: subtraction; of NIR the dialect's, subtraction-late is snnTorch's reset_delay=False)",
        ).choices(["subtraction", "zero", "subtraction-late"]),
      )
      .option("--env <id>", "Gymnasium environment, for the card");
    dryRunFlag(parser).addHelpText(
      "after",
      '\nExamples:\n  dsqn import model.pt --out models/mine.safetensors --env CartPole-v1\n  dsqn import weights.npz --kind spiking --no-bias-input --steps 50 --out mine.safetensors\n  dsqn import dqn.pt --input 84x84x4 --strides 4,2,1 --out mine.safetensors --env ALE/Breakout-v5\n  dsqn import my-tfjs-model/model.json --out mine.safetensors\n  dsqn import snn.pt --framework spikingjelly --neuron "LIFNode(tau=2.0)" --steps 25 --out snn.safetensors\n  dsqn import snn.pt --framework snntorch --explain > neurons.json\n  dsqn import net.nir --dialect spikingjelly --steps 50 --out net.safetensors',
    );
  },
  async run([path], { out, kind, observationSize, env, explain, ...options }, { print, log }) {
    if (explain) {
      print(await explainFile(path, options.framework), (template) => JSON.stringify(template, null, 2));
      return 0;
    }
    if (out === undefined)
      throw new UsageError("BAD_ARGUMENT", "--out is missing: the model file to write.", {
        hint: `dsqn import ${path} --out NAME.safetensors`,
      });
    const { biasInput, signedInputs, steps, alpha, beta, threshold } = options;
    const reset = options.reset === "subtraction-late" ? undefined : options.reset;
    const { network, tensors, source, form, assumed } = await importNetwork(path, {
      kind,
      observationSize,
      spiking: { biasInput, signedInputs, steps },
      neuronParameters: { alpha, beta, threshold, reset },
      architecture: await architectureFrom(options),
      prefix: options.prefix,
      framework: await frameworkFrom(options),
      nir: nirFrom(options),
      decoding: options.decoding,
      layers: options.layers?.split(",").map((name) => name.trim()),
      activation: options.activation,
      standardisation: options.vecnormalize === undefined ? undefined : await readVecNormalize(options.vecnormalize),
    });
    const fields = {
      method: "import",
      environment: env,
      source: { model: basename(source), form },
      ...(assumed.length > 0 && { assumed }),
    };
    mayWriteModel(out);
    const card = await written(out, options, { log }, (file) => saveModel(file, network, fields));
    const warnings = warnUnheard(network, undefined, log);
    const facts = {
      kind: kindOf(network),
      form,
      shape: shapeOf(network),
      biasInput: network.coding?.biasInput,
      assumed,
      warnings,
    };
    print({ tensors, out, dryRun: options.dryRun, ...facts, sha256: card.sha256 }, (result) =>
      [
        `${result.out}  ${result.kind} ${result.shape.join("-")}${result.biasInput ? ", last input a constant 1" : ""}, from ${source} (${form})`,
        ...result.tensors.map(({ name, shape }) => `  ${name.padEnd(16)} [${shape.join(", ")}]`),
        ...result.assumed.map((what) => `  assumed: ${what}`),
      ].join("\n"),
    );
    return 0;
  },
});

/** What a file of NIR leaves open: --framework says the dialect too. */
function nirFrom({ dialect, framework, dt, reset, maxSpikes, normInput }: Options): NirOptions {
  return { dialect: dialect ?? framework, dt, reset, maxSpikes, normInput: normInput === false ? false : undefined };
}

/** Whose network it is, and its neurons. */
async function frameworkFrom({ framework, neuron, neurons }: Partial<Options>): Promise<FrameworkOptions | undefined> {
  const file = neurons === undefined ? undefined : parseNeuronsFile(await text(neurons, "--neurons"), neurons);
  const name = framework ?? file?.framework;
  if (name !== undefined) return { name, neuron, neurons: file };
  if (neuron === undefined) return undefined;
  throw new UsageError("FRAMEWORK_MISSING", "--neuron is told without --framework.", {
    hint: `Add --framework ${frameworks.join(", ")}.`,
  });
}

async function text(path: string, option: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new UsageError("BAD_ARGUMENT", `${option} ${path} could not be read.`, { cause });
  });
}

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
    const [issue] = cause instanceof ZodError ? cause.issues : [];
    const problem = issue
      ? `${issue.path.join(".")}${issue.path.length > 0 ? ": " : ""}${issue.message}`
      : (cause as Error).message;
    throw new UsageError("BAD_ARGUMENT", `--architecture ${architecture}: ${problem}`, { cause });
  }
}
