import { Argument } from "commander";
import { breakoutModelNames, makeBreakoutModels } from "../../jobs/breakout-models.ts";
import { makeModels, modelNames, type MadeModel, type ModelEnvironment } from "../../jobs/models.ts";
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
        new Argument("[names...]", "which (default: all that are missing)").choices([
          ...Object.values(modelNames).flat(),
          ...breakoutModelNames,
        ]),
      )
      .option(
        "--run <folder>",
        "Breakout, made only when named: the training run it comes from (default: runs/breakout, runs/breakout-dsqn, runs/breakout-patel-dsqn)",
      )
      .option("--anew", "replace what is there already")
      .option("--out <folder>", "where they lie", "models");
  },
  async run(names, { anew, out, run }, { progress, signal, print, log, json }) {
    const made: MadeModel[] = [];
    for (const environment of Object.keys(modelNames) as ModelEnvironment[]) {
      const only = names.length > 0 ? modelNames[environment].filter((name) => names.includes(name)) : undefined;
      if (only?.length === 0) continue;
      made.push(
        ...(await makeModels(environment, {
          folder: out,
          only,
          anew,
          signal,
          onProgress: progress,
          onModel: (model) => json || log(describe(model)),
        })),
      );
    }
    if (names.some((name) => breakoutModelNames.some((known) => known === name)))
      made.push(
        ...(await makeBreakoutModels(run, {
          folder: out,
          only: names,
          anew,
          signal,
          onProgress: progress,
          onModel: (model) => json || log(describe(model)),
        })),
      );
    print({ models: made, out }, (result) =>
      result.models.length > 0 ? result.models.map(describe).join("\n") : `Nothing is missing in ${out}.`,
    );
    return 0;
  },
});

function describe({ name, mean, std, similarity }: MadeModel): string {
  return `${name}  ${mean.toFixed(2)} ± ${std.toFixed(2)}${similarity === null ? "" : `, ${(100 * similarity).toFixed(2)} % as its source`}`;
}
