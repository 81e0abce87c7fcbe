import { collectReplay } from "../../learning/collect.ts";
import { policyOf } from "../../learning/policy.ts";
import { loadModel } from "../../network/file/model.ts";
import { mayWriteReplay, saveReplay } from "../../formats/replay.ts";
import { environmentFlags, type EnvironmentFlags, withEnvironment } from "../flags/atari.ts";
import { dryRunFlag, type DryRunFlag, wouldWrite } from "../flags/dry-run.ts";
import { command } from "../command.ts";
import { integer, real } from "../flags/options.ts";

interface Options extends EnvironmentFlags, DryRunFlag {
  size: number;
  out: string;
  epsilon: number;
  every: number;
  seed: number;
}

export default command<Options>({
  name: "collect",
  configure(parser) {
    dryRunFlag(environmentFlags(parser.argument("<model>", "a model file (.safetensors)")))
      .option("--size <n>", "number of states", integer(1), 20000)
      .requiredOption("--out <folder>", "where the data set goes")
      .option("--epsilon <p>", "probability of a random action", real(0, 1), 0)
      .option("--every <n>", "of each episode keep every n-th state: few states tell of many games", integer(1), 1)
      // Other starts than the evaluation's, which must stay unseen by whatever is made from these states.
      .option("--seed <n>", "episode i starts from reset seed n + i", integer(), 200000)
      .addHelpText(
        "after",
        "\nExample:\n  dsqn collect models/cartpole-dqn.safetensors --env CartPole-v1 --size 20000 --out runs/cartpole-replay",
      );
  },
  async run([path], options, context) {
    const { signal, progress, print, log } = context;
    const { env, size, out, epsilon, every, seed } = options;
    mayWriteReplay(out);
    const { network, card } = await loadModel(path);
    if (options.dryRun) {
      wouldWrite(out, log, `: ${size} states of ${env}`);
      print(
        { size, out, env, model: path, dryRun: true },
        (result) => `${result.size} states of ${env} in ${result.out}`,
      );
      return 0;
    }
    const replay = await withEnvironment(options, { policy: policyOf(network), card, context }, (make) =>
      collectReplay(network, make, {
        size,
        firstSeed: seed,
        epsilon,
        every,
        signal,
        onProgress: progress,
        onWarning: log,
      }),
    );
    await saveReplay(out, { ...replay, environment: env });
    print({ size, out, env, model: path }, (result) => `${result.size} states of ${env} in ${result.out}`);
    return 0;
  },
});
