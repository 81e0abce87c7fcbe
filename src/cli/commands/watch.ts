import { existsSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { writeAtomically } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { listRuns } from "../../learning/runs/list.ts";
import { type RunView, watchRun } from "../../learning/runs/watch.ts";
import { renderWatch } from "../../report/watch.ts";
import { command } from "../command.ts";
import { real } from "../flags/options.ts";

interface Options {
  folder: string;
  page?: string;
  every: number;
}

export default command<Options>({
  name: "watch",
  configure(parser) {
    parser
      .argument("[run]", "its folder (default: the newest run in --folder, one that is under way first)")
      .option("--folder <folder>", "where runs lie", "runs")
      .option(
        "--page <file>",
        "the page, which takes itself anew in a browser (default: watch.html in the run's folder)",
      )
      .option("--every <seconds>", "how often to look", real(0.1, 3600), 2)
      .addHelpText("after", "\nExamples:\n  dsqn watch\n  dsqn watch runs/first --page /tmp/first.html --every 10");
  },
  async run([given], { folder, page, every }, { signal, progress, print, log }) {
    const run = given ?? newest(folder);
    const file = page ?? join(run, "watch.html");
    mayReplace(file, "Choose another name with --page, or remove that file.");
    let told = false;
    const view = await watchRun(run, {
      seconds: every,
      signal,
      onView(now) {
        writeAtomically(file, renderWatch(now, Math.max(2, Math.round(every))));
        if (!told) log(`dsqn: ${run} in a browser: ${file}`);
        told = true;
        const last = now.episodes.at(-1);
        if (last)
          progress({
            stage: "watch",
            done: last.episode,
            unit: "episodes",
            note: `return ${last.return.toFixed(1)}, mean of 100 ${last.mean100.toFixed(1)}`,
          });
      },
    });
    const { episodes, evaluations } = view;
    const facts = { ...view.run, page: file, last: episodes.at(-1) ?? null, evaluation: evaluations.at(-1) ?? null };
    print(facts, () => `${line(view)}\n  page  ${file}`);
    return 0;
  },
});

function newest(folder: string): string {
  const runs = listRuns(folder);
  const candidates = runs.some(({ state }) => state === "running") ? runs.filter(({ state }) => state === "running") : runs; // prettier-ignore
  const last = candidates.sort((a, b) => a.changedAt.localeCompare(b.changedAt)).at(-1);
  if (last) return last.path;
  throw new UsageError(
    "RUN_NOT_FOUND",
    `There are no runs in ${existsSync(folder) ? `"${folder}"` : `"${folder}", which does not exist`}.`,
    {
      hint: "Name the run's folder, or where runs lie with --folder. dsqn train makes one.",
      facts: { path: folder },
    },
  );
}

function line({ run, episodes }: RunView): string {
  const last = episodes.at(-1);
  const far = last ? `, ${last.episode} episodes, mean of 100 ${last.mean100.toFixed(1)}` : "";
  const score = run.mean === null ? "" : `; in the end ${run.mean.toFixed(2)} +- ${run.std!.toFixed(2)}`;
  return `${run.path}  ${run.state}${far}${score}`;
}
