// npm run chaos -- --faults N [--seed S] [--only VICTIM] [--resume] [--folder F] [--json]: faults in every state of the bridge, of training and of set-up.
// Outcomes lie in the folder, a line each; --resume goes on behind them. The last line has to be all zeros. docs/security.md. Linux.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chaos, summed, victims } from "./chaos/campaign.ts";

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: "40" },
    seed: { type: "string", default: "1" },
    only: { type: "string" },
    resume: { type: "boolean", default: false },
    folder: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const [faults, seed] = [Number(values.faults), Number(values.seed)];
const only = victims.find((victim) => victim === values.only);
if (
  values.help ||
  (values.only !== undefined && only === undefined) ||
  !(Number.isSafeInteger(faults) && faults > 0 && Number.isSafeInteger(seed))
) {
  process.stderr.write(
    `npm run chaos -- --faults N [--seed S] [--only ${victims.join("|")}] [--resume] [--folder F] [--json]\n`,
  );
  process.exit(values.help ? 0 : 2);
}
const abort = new AbortController();
process.once("SIGINT", () => abort.abort());
process.once("SIGTERM", () => abort.abort());

const entries = await chaos({
  folder: values.folder ?? join("runs", "chaos", `seed-${seed}`),
  faults,
  seed,
  resume: values.resume,
  only,
  signal: abort.signal,
  onOutcome: ({ index, what, code, seconds, ...counts }) => {
    const bad = Object.entries(counts).filter(([name, count]) => name !== "seed" && count !== 0);
    const verdict = bad.length > 0 ? `  ** ${bad.map(([name]) => name).join(", ")}` : "";
    process.stderr.write(`${index} ${what}: ${code} (${seconds.toFixed(1)} s)${verdict}\n`);
  },
});
const counts = summed(entries);
const { hangs, orphans, leaked, lostTransitions, wrong, missed, seconds } = counts;
process.stdout.write(
  values.json
    ? `${JSON.stringify({ seed, ...counts })}\n`
    : `chaos: ${counts.faults} faults (and ${missed} too late), seed ${seed}, ${(seconds / 3600).toFixed(2)} h: ` +
        `${hangs} hangs, ${orphans} orphans, ${leaked} leaked, ${lostTransitions} transitions lost, ${wrong} wrong\n`,
);
process.exitCode = hangs + orphans + leaked + lostTransitions + wrong > 0 ? 1 : 0;
