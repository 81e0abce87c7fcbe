import { Argument } from "commander";
import { type MadeModel, makeModels, modelNames } from "../../jobs/models.ts";
import { command } from "../command.ts";

interface Options {
  anew?: boolean;
  out: string;
  run?: string;
}

export default command<Options>({
  name: "models",
  configure(parser) {
    parser
      .addArgument(
        new Argument("[names...]", "which (default: all that are missing, but for those made from a run)").choices(
          modelNames,
        ),
      )
      .option(
        "--run <folder>",
        "of Breakout and LunarLander, made only when named: the training run it comes from (default: runs/breakout, runs/breakout-dsqn, runs/breakout-patel-dsqn, runs/lunarlander-thrift)",
      )
      .option("--anew", "replace what is there already")
      .option("--out <folder>", "where they lie", "models");
  },
  async run(names, { anew, out, run }, { progress, signal, print, log, json }) {
    const models = await makeModels({
      folder: out,
      only: names.length > 0 ? names : undefined,
      run,
      anew,
      signal,
      onProgress: progress,
      onModel: (model) => json || log(describe(model)),
    });
    print({ models, out }, (result) =>
      result.models.length > 0 ? result.models.map(describe).join("\n") : `Nothing is missing in ${out}.`,
    );
    return 0;
  },
});

function describe({ name, mean, std, similarity }: MadeModel): string {
  return `${name}  ${mean.toFixed(2)} ± ${std.toFixed(2)}${similarity === null ? "" : `, ${(100 * similarity).toFixed(2)} % as its source`}`;
}
