import {
  encodeModel,
  isSpiking,
  type EpisodeEntry,
  type EvaluationEntry,
  type Network,
  trainInWorker,
  webPresets,
} from "../../index.ts";
import { byId, count, download, say } from "../common/dom.ts";
import { sayPlatform } from "../common/platform.ts";
import { notice, plain, startPage } from "../common/shell.ts";
import { ownThreads } from "../common/threads.ts";
import { Actor } from "./actor.ts";
import { drawCurve } from "./curve.ts";

const preset = webPresets["cartpole-dsqn"];
/** From here on CartPole counts as solved (Gymnasium). */
const SOLVED = 475;

startPage();
ownThreads();
const kernels = sayPlatform("Learning needs it: any browser of 2023 or later has what it takes.");

const actor = new Actor();
let curve: EpisodeEntry[] = [];
let evaluations: EvaluationEntry[] = [];
let model: Uint8Array | undefined;
let stopping: AbortController | undefined;
let began = 0;
let changed = true;

const start = byId<HTMLButtonElement>("start");
const stop = byId<HTMLButtonElement>("stop");
const seed = byId<HTMLInputElement>("seed");
start.disabled = !kernels;

async function learn(): Promise<void> {
  notice("learner");
  [curve, evaluations, model, changed] = [[], [], undefined, true];
  stopping = new AbortController();
  began = performance.now();
  buttons(true);
  document.body.dataset.state = "learning";
  say(byId("said"), "It begins with random pushes.");
  const worker = new Worker(new URL("./learner.js", import.meta.url), { type: "module" });
  try {
    const trained = await trainInWorker(
      worker,
      { ...preset, seed: seed.valueAsNumber },
      { onEpisode, onEvaluation, signal: stopping.signal },
    );
    model = trained.model;
    actor.take(trained.network);
    say(byId("took"), `${((performance.now() - began) / 1000).toFixed(1)} s`);
    const { mean, episodes } = trained.chosen;
    say(
      byId("said"),
      trained.confirmed
        ? `Learned: ${mean.toFixed(1)} of 500, the mean of ${episodes} greedy episodes.`
        : `It came to ${mean.toFixed(1)} of 500. Another seed may do better.`,
    );
    document.body.dataset.state = "done";
  } catch (error) {
    const { message, hint, code } = plain(error);
    document.body.dataset.state = code === "INTERRUPTED" ? "stopped" : "failed";
    say(
      byId("said"),
      code === "INTERRUPTED" ? "Stopped. The best network so far can be kept." : "It did not end well.",
    );
    if (code !== "INTERRUPTED") notice("learner", message, hint);
  } finally {
    worker.terminate();
    stopping = undefined;
    buttons(false);
    changed = true;
  }
}

function onEpisode(entry: EpisodeEntry): void {
  curve.push(entry);
  changed = true;
}

function onEvaluation(entry: EvaluationEntry, network: Network, best: boolean): void {
  evaluations.push(entry);
  changed = true;
  if (best) {
    model = encodeModel(network);
    byId<HTMLButtonElement>("download").disabled = false;
  }
  if (isSpiking(network)) actor.take(network);
  const { mean, environmentSteps } = entry;
  if (evaluations.length === 1)
    say(byId("said"), "It learns from its own pushes; the green dots show what it can without random ones.");
  say(byId("acting"), `The network after ${count(environmentSteps)} steps.`);
  if (mean >= SOLVED) {
    document.body.dataset.solved ??= ((performance.now() - began) / 1000).toFixed(1);
    say(byId("greedy-note"), `of at most 500; above ${SOLVED} after ${document.body.dataset.solved} s`);
  }
}

function buttons(learning: boolean): void {
  start.disabled = learning || !kernels;
  stop.disabled = !learning;
  seed.disabled = learning;
  byId<HTMLButtonElement>("download").disabled = model === undefined;
  byId<HTMLButtonElement>("curve-file").disabled = curve.length === 0;
  byId("progress").hidden = !learning && curve.length === 0;
  if (learning) {
    delete document.body.dataset.solved;
    say(byId("greedy-note"), "of at most 500");
    say(start, "Start again");
  }
}

/** Everything is drawn at most once a frame, however fast episodes end. */
function show(): void {
  requestAnimationFrame(show);
  if (stopping) say(byId("took"), `${((performance.now() - began) / 1000).toFixed(1)} s`);
  if (!changed) return;
  changed = false;
  const last = curve.at(-1);
  say(byId("episodes"), last ? count(last.episode) : "–");
  say(byId("steps-done"), last ? count(last.environmentSteps) : "–");
  const latest = evaluations.at(-1);
  say(byId("greedy"), latest ? latest.mean.toFixed(1) : "–");
  byId<HTMLProgressElement>("progress").value = latest?.mean ?? 0;
  drawCurve(byId("curve"), curve, evaluations);
}

byId("start-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void learn();
});
stop.addEventListener("click", () => {
  stop.disabled = true;
  stopping?.abort();
});
byId("download").addEventListener("click", () => {
  if (model) download(`cartpole-dsqn-seed-${seed.value}.safetensors`, model);
});
byId("curve-file").addEventListener("click", () => {
  const rows = curve.map((e) => [e.episode, e.environmentSteps, e.return, e.mean100, e.loss ?? ""].join(","));
  download("curve.csv", ["episode,environmentSteps,return,mean100,loss", ...rows, ""].join("\n"), "text/csv");
});
addEventListener("resize", () => (changed = true));
requestAnimationFrame(show);
document.body.dataset.state = "ready";
