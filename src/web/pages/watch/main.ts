import type { RunResult } from "../../index.ts";
import { byId, nextFrame, say } from "../common/dom.ts";
import { notice, plain, startPage } from "../common/shell.ts";
import { sayPlatform } from "../common/platform.ts";
import { ownThreads } from "../common/threads.ts";
import { agents, loadAgent, type WorldName } from "./agents.ts";
import { costRow, type CostRow, gridOf, showCosts } from "./costs.ts";
import { breakoutStage } from "./recorded.ts";
import { Show } from "./show.ts";
import { cartpoleStage, mountaincarStage } from "./stage.ts";
import { thinkerOf } from "./thinker.ts";

const stages = { cartpole: () => cartpoleStage(), mountaincar: () => mountaincarStage(), breakout: breakoutStage };
/** How long the end of an episode is looked at, in milliseconds. */
const PAUSE = 1400;

startPage();
ownThreads();
const kernels = sayPlatform(
  "The readable engine, which needs no WebAssembly, does it instead: the same spikes, more slowly.",
);

let show: Show | undefined;
let costs: CostRow[] = [];
let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
let speed = 1;
let due = 0;
let seed = 0;
let heldUntil = 0;
let agreed = { same: 0, of: 0 };
/** Counts choices, so that what arrives late is dropped. */
let choice = 0;

const slider = byId<HTMLInputElement>("steps");
const agentList = byId<HTMLSelectElement>("agent");
const worldName = (): WorldName => document.querySelector<HTMLInputElement>("#world input:checked")!.value as WorldName;

async function choose(): Promise<void> {
  const own = ++choice;
  notice("agent");
  const agent = agents[worldName()][agentList.selectedIndex];
  try {
    const [stage, network] = await Promise.all([stages[worldName()](), loadAgent(agent)]);
    if (own !== choice) return;
    const thinker = thinkerOf(network, stage, kernels);
    show?.thinker.close();
    show = new Show(thinker);
    slider.max = String(agent.most);
    costs = [];
    agreed = { same: 0, of: 0 };
    begin();
    takeSteps(network.coding.steps);
    think();
    show.draw();
    show.describe();
    document.body.dataset.ready = agent.file;
    await measure(own, agent.most);
  } catch (error) {
    if (own !== choice) return;
    const { message, hint } = plain(error);
    notice("agent", message, hint);
  }
}

/** What each T costs, one after another, so that the page goes on meanwhile. */
async function measure(own: number, most: number): Promise<void> {
  const { thinker } = show!;
  const { network, states } = thinker;
  for (const steps of gridOf(most, network.coding.steps)) {
    await nextFrame();
    if (own !== choice) return;
    costs.push(costRow(network, states, steps, kernels));
    showCosts(costs, thinker.steps, network.coding.steps);
  }
  document.body.dataset.costs = String(costs.length);
}

function takeSteps(steps: number): void {
  const { thinker } = show!;
  thinker.steps = steps;
  slider.value = String(steps);
  slider.setAttribute("aria-valuetext", `${steps} time steps`);
  say(byId("steps-shown"), `T = ${steps}${steps === thinker.network.coding.steps ? ", its own" : ""}`);
  agreed = { same: 0, of: 0 };
  showCosts(costs, steps, thinker.network.coding.steps);
}

function begin(): void {
  show!.thinker.stage.reset(seed++);
  show!.history?.mark("begins");
  due = 0;
}

function think(): RunResult {
  const result = show!.thinker.think();
  show!.set(result);
  return result;
}

/** One decision and one step of the world. */
function advance(): void {
  const { stage, steps } = show!.thinker;
  const result = think();
  const [action] = result.actions;
  show!.history?.add(result.spikeCounts, steps, action);
  if (stage.recorded) {
    agreed.of++;
    if (stage.recorded() === action) agreed.same++;
    say(byId("said"), `${agreed.same} of ${agreed.of} decisions as when the game was played.`);
    document.body.dataset.agreed = `${agreed.same}/${agreed.of}`;
  }
  const { ended } = stage.step(action);
  if (ended === undefined) return;
  if (!stage.recorded) say(byId("said"), ended);
  heldUntil = performance.now() + PAUSE;
}

function push(direction: -1 | 1): void {
  const stage = show?.thinker.stage;
  if (!show || !stage?.push || heldUntil > 0) return;
  const before = show.thinker.think();
  stage.push(direction);
  const after = think();
  show.history?.mark("pushed");
  const name = (result: RunResult): string => stage.actions[result.actions[0]];
  const where = direction < 0 ? "left" : "right";
  say(
    byId("said"),
    name(before) === name(after)
      ? `Pushed to the ${where}: it still chooses “${name(after)}”.`
      : `Pushed to the ${where}: it changes from “${name(before)}” to “${name(after)}”.`,
  );
  show.draw();
}

function play(on: boolean): void {
  playing = on;
  say(byId("play"), on ? "Pause" : "Play");
  show?.describe();
}

let then = performance.now();
let told = 0;
function frame(now: number): void {
  requestAnimationFrame(frame);
  const passed = Math.min(0.1, (now - then) / 1000);
  then = now;
  if (!show) return;
  const { stage, steps } = show.thinker;
  if (heldUntil > 0 && now > heldUntil) {
    heldUntil = 0;
    begin();
  }
  if (playing && heldUntil === 0) {
    due += passed * speed * stage.rate;
    // A page that was behind another one, or is too slow, does not catch up.
    due = Math.min(due, 4);
    for (; due >= 1 && heldUntil === 0; due--) advance();
    // In slow motion the steps within a decision can be followed.
    if (speed < 0.2 && !stage.recorded) show.set(show.thinker.think(), Math.floor(Math.min(1, due * 1.15) * steps));
  }
  show.draw();
  if (now - told > 1500) {
    told = now;
    show.describe();
  }
}

function fillAgents(): void {
  agentList.replaceChildren(...agents[worldName()].map(({ name }) => new Option(name)));
}

byId("world").addEventListener("change", () => {
  fillAgents();
  void choose();
});
agentList.addEventListener("change", () => void choose());
byId("choice").addEventListener("submit", (event) => event.preventDefault());
byId("play").addEventListener("click", () => play(!playing));
byId("step").addEventListener("click", () => {
  play(false);
  if (!show) return;
  if (heldUntil > 0) {
    heldUntil = 0;
    begin();
  }
  advance();
  think();
  show.draw();
});
byId("speed").addEventListener("change", ({ target }) => (speed = Number((target as HTMLSelectElement).value)));
byId("push-left").addEventListener("click", () => push(-1));
byId("push-right").addEventListener("click", () => push(1));
slider.addEventListener("input", () => {
  if (!show) return;
  takeSteps(Number(slider.value));
  think();
});
document.querySelector(".stage")!.addEventListener("pointerdown", (event) => {
  const { target, clientX } = event as PointerEvent;
  if (!(target instanceof HTMLCanvasElement) || target.id !== "scene") return;
  const { left, width } = target.getBoundingClientRect();
  push(clientX < left + width / 2 ? 1 : -1);
});
addEventListener("keydown", (event) => {
  if (
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    (event.target as Element).closest("input,select,button,summary,a")
  )
    return;
  const act = {
    "ArrowLeft": () => push(-1),
    "ArrowRight": () => push(1),
    " ": () => play(!playing),
    ".": () => byId("step").click(),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

play(playing);
fillAgents();
void choose();
requestAnimationFrame(frame);
