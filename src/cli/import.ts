import { Option } from "commander";
import { basename } from "node:path";
import { shapeOf } from "../ann/network.ts";
import { importDefaults, importNetwork } from "../formats/import.ts";
import { saveModel } from "../formats/model.ts";
import { command } from "./command.ts";
import { integer, real } from "./options.ts";

interface Options {
  out: string;
  kind?: "dense" | "spiking";
  observationSize?: number;
  biasInput?: boolean;
  signedInputs?: boolean;
  steps?: number;
  alpha?: number;
  beta?: number;
  threshold?: number;
  reset?: "subtraction" | "zero";
  env?: string;
}

export default command<Options>({
  name: "import",
  configure(parser) {
    parser
      .argument("<file>", ".pt or .pth (torch), .npz, .safetensors, or a folder with model.pt or model.npz")
      .requiredOption("--out <file>", "the model file to write (.safetensors)")
      .addOption(
        new Option("--kind <kind>", "what the weights are, where the file can't tell").choices(["dense", "spiking"]),
      )
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
        "\nExamples:\n  dsqn import model.pt --out models/mine.safetensors --env CartPole-v1\n  dsqn import weights.npz --kind spiking --no-bias-input --steps 50 --out mine.safetensors",
      );
  },
  async run([path], { out, kind, observationSize, env, ...options }, { print }) {
    const { biasInput, signedInputs, steps, alpha, beta, threshold, reset } = options;
    const spiking = Object.fromEntries(
      Object.entries({ biasInput, signedInputs, steps, alpha, beta, threshold, reset }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const { network, tensors, source, form } = await importNetwork(path, { kind, observationSize, spiking });
    const card = await saveModel(out, network, {
      method: "import",
      environment: env,
      source: { model: basename(source), form },
    });
    const facts = {
      kind: network.kind,
      form,
      shape: shapeOf(network),
      biasInput: network.kind === "spiking" ? network.biasInput : undefined,
    };
    print({ tensors, out, ...facts, sha256: card.sha256 }, (result) =>
      [
        `${result.out}  ${result.kind} ${result.shape.join("-")}${result.biasInput ? ", last input a constant 1" : ""}, from ${source} (${form})`,
        ...result.tensors.map(({ name, shape }) => `  ${name.padEnd(16)} [${shape.join(", ")}]`),
      ].join("\n"),
    );
    return 0;
  },
});
