import { exporter, exportFormats, portableTensors } from "../../formats/export.ts";
import { loadModel } from "../../network/file/model.ts";
import { scriptFormats } from "../../simulators/export/formats.ts";
import { mayReplace, mustDiffer } from "../../files/outputs.ts";
import { command } from "../command.ts";
import { dryRunFlag, type DryRunFlag, written } from "../flags/dry-run.ts";

const known = [...exportFormats(), ...scriptFormats];

interface Options extends DryRunFlag {
  format: string;
  out?: string;
}

export default command<Options>({
  name: "export",
  configure(parser) {
    const formats = known.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}`);
    dryRunFlag(
      parser
        .argument("<model>", "a model file (.safetensors)")
        .requiredOption("--format <name>", "one of those below")
        .option("--out <file>", "default: the model's name and the format's extension"),
    ).addHelpText(
      "after",
      `\nFormats:\n${formats.join("\n")}\n\nExample:\n  dsqn export models/cartpole-dqn.safetensors --format npz --out cartpole.npz`,
    );
  },
  async run([path], { format, out, dryRun }, { print, log }) {
    const { name, extension, write } = exporter(format, known);
    const { network } = await loadModel(path);
    const file = out ?? `${path.replace(/\.safetensors$/, "")}-${name}${extension}`;
    mustDiffer(file, [path]);
    mayReplace(file);
    const warnings = (await written(file, { dryRun }, { log }, async (place) => write(network, place))) ?? [];
    for (const warning of warnings) log(`Other readers of ${file} get another network: ${warning}.`);
    const tensors = Object.entries(portableTensors(network)).map(([tensor, { shape }]) => ({ name: tensor, shape }));
    print(
      { tensors, out: file, dryRun, format: name, ...(warnings.length > 0 && { warnings }) },
      (result) => `${result.out}  ${result.format}, ${result.tensors.length} tensors`,
    );
    return 0;
  },
});
