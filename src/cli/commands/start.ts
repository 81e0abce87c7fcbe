import { relative, resolve } from "node:path";
import { runCartPole, type CartPoleRun } from "../../jobs/cartpole.ts";
import { judgeOf } from "../../report/cartpole/facts.ts";
import { isClone } from "../../setup/index.mjs";
import { command } from "../command.ts";
import { integer } from "../flags/options.ts";

export default command<{ seed?: number; episodes?: number; out?: string }>({
  name: "start",
  configure(parser) {
    parser
      .option("--seed <n>", "seed of everything random (default: 0)", integer())
      .option("--episodes <n>", "greedy episodes per agent (default: 100)", integer(2))
      .option("--out <folder>", "run folder (default: runs/<time>-cartpole)")
      .addHelpText(
        "after",
        "\nExit code 1: the DQN's mean is below 475, the spiking network's more than 5 % away from it, or NEST differs in any bin.",
      );
  },
  async run(_args, options, { signal, progress, print, log }) {
    const setupSeconds = Number(process.env["DSQN_SETUP_SECONDS"] ?? 0);
    const run = await runCartPole({
      ...options,
      setupSeconds,
      cli: isClone ? "npm run -s dsqn --" : "dsqn",
      signal,
      onProgress: progress,
    });
    print({ ...run.summary, folder: run.folder, report: run.report, latest: run.latest }, () => render(run));
    for (const sentence of run.summary.missed) log(`dsqn: TARGET_MISSED  ${sentence}`);
    return run.summary.passed ? 0 : 1;
  },
});

function render({ summary, folder, report, latest }: CartPoleRun): string {
  const { dqn, snn, certificate: c, seconds } = summary;
  const interval = ([low, high]: readonly [number, number]): string => `95 %: ${low.toFixed(1)} to ${high.toFixed(1)}`;
  const path = (file: string): string => {
    const near = relative(process.cwd(), file);
    return near.startsWith("..") ? resolve(file) : near;
  };
  return [
    "",
    `${summary.environment}, seed ${summary.seed}`,
    `  DQN          ${dqn.mean.toFixed(1)}  (${interval(dqn.ci95)}, ${dqn.episodes} episodes)`,
    `  spiking      ${snn.mean.toFixed(1)}  (${interval(snn.ci95)}, T = ${snn.steps}, ${(100 * snn.similarity).toFixed(2)} % of decisions as the DQN's)`,
    `  ${judgeOf(c).padEnd(11)}  ${c.mismatchedBins} mismatched of ${c.bins.toLocaleString("en-US")} bins, ${c.spikes.toLocaleString("en-US")} spikes in ${c.states} states`,
    `  time         ${seconds.total.toFixed(1)} s: train ${seconds.train.toFixed(1)}, convert ${seconds.convert.toFixed(1)}, evaluate ${seconds.evaluate.toFixed(1)}, certify ${seconds.certify.toFixed(1)}`,
    `  report       ${path(report)}`,
    `  networks     ${path(folder)}${latest ? `  (also ${path(latest)})` : ""}`,
  ].join("\n");
}
