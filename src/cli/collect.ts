import { collectReplay } from "../agents/collect.ts";
import { withGymnasium } from "../agents/gymnasium.ts";
import { loadModel } from "../formats/model.ts";
import { saveReplay } from "../formats/replay.ts";
import { command } from "./command.ts";
import { integer, real } from "./options.ts";

interface Options {
  env: string;
  size: number;
  out: string;
  epsilon: number;
  maxSteps?: number;
  seed: number;
}

export default command<Options>({
  name: "collect",
  configure(parser) {
    parser
      .argument("<model>", "a model file (.safetensors)")
      .requiredOption("--env <id>", "Gymnasium environment")
      .option("--size <n>", "number of states", integer(1), 20000)
      .requiredOption("--out <folder>", "where the data set goes")
      .option("--epsilon <p>", "probability of a random action", real(0, 1), 0)
      .option("--max-steps <n>", "time limit of an episode in steps, instead of the environment's own", integer(1))
      // Other starts than the evaluation's, which must stay unseen by whatever is made from these states.
      .option("--seed <n>", "episode i starts from reset seed n + i", integer(), 200000)
      .addHelpText(
        "after",
        "\nExample:\n  dsqn collect models/cartpole-dqn.safetensors --env CartPole-v1 --size 20000 --out runs/cartpole-replay",
      );
  },
  async run([path], { env, size, out, epsilon, maxSteps, seed }, { signal, progress, print }) {
    const model = await loadModel(path);
    const replay = await withGymnasium({ id: env, maxSteps }, (make) =>
      collectReplay(model.network, make, { size, firstSeed: seed, epsilon, signal, onProgress: progress }),
    );
    await saveReplay(out, replay);
    print({ size, out, env, model: path }, (result) => `${result.size} states of ${env} in ${result.out}`);
    return 0;
  },
});
