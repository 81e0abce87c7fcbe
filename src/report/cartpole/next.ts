import type { Html } from "../html/html.ts";
import { commands, section, table } from "../html/parts.ts";
import { fixed, type CartPoleReport } from "./facts.ts";

/** Commands to go on with, and where the time went. */
export function next({ summary, files, cli }: CartPoleReport): Html {
  const s = summary.seconds;
  const stages = (["setup", "train", "convert", "evaluate", "certify", "total"] as const).map((stage) => ({
    stage,
    seconds: s[stage],
  }));
  return section(
    "next",
    "How to go on",
    commands([
      {
        remark: "Score the spiking network again, or under another simulator:",
        command: `${cli} evaluate ${files.snn} --env CartPole-v1 \\\n  --compare ${files.dqn}`,
      },
      {
        remark: "Convert with another method, or another T:",
        command: `${cli} convert ${files.dqn} \\\n  --replay ${files.replay} \\\n  --method model --out other.safetensors`,
      },
      {
        remark: "Compare more states with NEST:",
        command: `${cli} certify ${files.snn} --states 1000`,
      },
      { remark: "Train on another seed:", command: `${cli} train cartpole-dqn --seed ${summary.seed + 1}` },
    ]),
    table(
      "Where the time went",
      [
        { heading: "stage", cell: (r) => r.stage },
        { heading: "seconds", numeric: true, cell: (r) => fixed(r.seconds) },
      ],
      stages,
    ),
  );
}
