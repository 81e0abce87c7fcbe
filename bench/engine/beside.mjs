#!/usr/bin/env node
// Our own work (bench/engine/ours.ts) here and in another checkout of this repository, in turns: what a change costs, without peers.
//   node bench/engine/beside.mjs ../before [--rounds 15] [--only "decision"]
// `ratio` is the median over the rounds of calls per second here over there; the other checkout has to be set up (npm run setup).
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const here = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
/** Seconds of one measurement, about. */
const SLICE = 0.1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "15" },
    only: { type: "string", default: "" },
    serve: { type: "string" },
  },
});
if (values.serve) await serve(values.serve);
else await compare(path.resolve(positionals[0] ?? ".."), Number(values.rounds), values.only);

/** Times pieces of a checkout's work on request: {name, calls} in, {seconds} out; {} where it has none of that name. */
async function serve(checkout) {
  const { ownWork } = await import(pathToFileURL(path.join(checkout, "bench/engine/ours.ts")).href);
  const work = ownWork();
  const say = (reply) => process.stdout.write(`${JSON.stringify(reply)}\n`);
  say({ names: work.names ?? [] });
  for await (const line of createInterface({ input: process.stdin })) {
    const { name, calls } = JSON.parse(line);
    say({ seconds: await work.get(name)?.(calls) });
  }
  work.close();
}

function open(checkout) {
  const script = fileURLToPath(import.meta.url);
  const register = pathToFileURL(path.join(checkout, "scripts/register-ts.mjs")).href;
  const child = spawn(process.execPath, ["--import", register, script, "--serve", checkout], {
    cwd: checkout,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${checkout} ended.`);
    return JSON.parse(value);
  };
  return {
    next,
    close: () => child.stdin.end(),
    seconds(name, calls) {
      child.stdin.write(`${JSON.stringify({ name, calls })}\n`);
      return next().then(({ seconds }) => seconds);
    },
  };
}

async function compare(other, rounds, only) {
  const sides = [here, other].map(open);
  const [{ names }] = await Promise.all(sides.map((side) => side.next()));
  for (const name of names.filter((each) => each.includes(only))) {
    const calls = [1, 1];
    const times = [[], []];
    for (let round = -2; round < rounds; round++)
      for (const [k, side] of sides.entries()) {
        const seconds = await side.seconds(name, calls[k]);
        if (seconds === undefined) continue;
        calls[k] = Math.max(1, Math.round(SLICE / seconds));
        if (round >= 0) times[k].push(seconds);
      }
    const ratio = times[1].length ? median(times[0].map((t, i) => times[1][i] / t)).toFixed(2) : "-";
    const perSecond = times.map((all) => (all.length ? (1 / median(all)).toFixed(0) : "-").padStart(9));
    process.stdout.write(`${name.padEnd(34)} ${perSecond.join(" ")}  ${ratio}\n`);
  }
  sides.forEach((side) => side.close());
}

function median(all) {
  const sorted = [...all].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
