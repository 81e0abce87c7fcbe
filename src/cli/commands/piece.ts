import { UsageError } from "../../errors.ts";
import { ofNode } from "../../cluster/errors.ts";
import { answerProbe, performPieces, servePieces } from "../../cluster/serve.ts";
import { pieceKinds } from "../../jobs/pieces/index.ts";
import { performCommand } from "../command-piece.ts";
import { command } from "../command.ts";
import { integer } from "../flags/options.ts";

interface Options {
  code?: string;
  probe?: string;
  serve?: boolean;
  stale?: number;
}

export default command<Options>({
  name: "piece",
  configure(parser) {
    parser
      .argument("<job>", "the job's folder")
      .argument("[pieces...]", "their names")
      .option("--code <hash>", "refuse to work if this installation's code is another one")
      .option("--probe <token>", "do nothing but show that this node sees the folder and has the right versions")
      .option("--serve", "do what the parent process names")
      .option(
        "--stale <seconds>",
        "when an attempt on another machine that shows no sign of life is given up",
        integer(1),
        60,
      )
      .addHelpText(
        "after",
        `
Does pieces of a job that "--on" has made, one after the other: what executors and Slurm's scripts call on each node (docs/cluster.md).
Exit code 0: each has a result or a failure in the job's folder; 73: the folder isn't shared; 75: interrupted, resumable; 78: another version.

Example:
  dsqn piece runs/twenty seed-0 seed-1`,
      );
  },
  async run([folder, ...ids], { code, probe, serve, stale }, { signal, progress, log }) {
    const kinds = { ...pieceKinds, command: async () => performCommand };
    const options = { signal, log, code, onProgress: progress, staleMs: 1000 * (stale ?? 60) };
    // What pieces have opened for their like (a Python worker) must not keep the process.
    const ends = (): void => void setTimeout(() => process.exit(), 500).unref();
    if (serve) return servePieces(folder, kinds, options).finally(ends);
    if (probe !== undefined) {
      try {
        answerProbe(folder, probe, code);
      } catch (error) {
        throw ofNode(error);
      }
      return 0;
    }
    if (ids.length === 0)
      throw new UsageError("BAD_ARGUMENT", "Name at least one piece.", { hint: "dsqn piece runs/twenty seed-0" });
    return performPieces(folder, ids, kinds, options).finally(ends);
  },
});
