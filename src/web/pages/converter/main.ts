// A worker: converts a network at one T after another, and compares its decisions with the source's.
import {
  convert,
  encodeModel,
  isSpiking,
  observationSize,
  readModel,
  readReplay,
  shapeOf,
  similarity,
} from "../../index.ts";
import { plain, type Plain } from "../common/plain.ts";
import { ownThreads } from "../common/threads.ts";
import type { Asked, Sent } from "./messages.ts";

/** States that are judged; scales come from all others, up to so many. */
const [JUDGED, CALIBRATED] = [1000, 8000];

ownThreads();
const send = (message: Sent): void => postMessage(message);
addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  try {
    run(data);
  } catch (error) {
    send({ type: "failed", problem: plain(error) });
  }
});

function run({ model, replay, options, steps, make }: Asked): void {
  const { network } = readModel(model.bytes, { source: model.name });
  if (isSpiking(network))
    return refuse({
      message: `${model.name} spikes already.`,
      hint: "Drop a network without spikes, such as models/cartpole-dqn.safetensors.",
    });
  const { states, observationSize: width } = readReplay(
    { inputs: replay.inputs.bytes, facts: replay.facts?.bytes },
    (name) => (name === "memory_inputs.npz" ? replay.inputs.name : name || "The replay"),
  );
  const size = observationSize(network);
  if (width !== size)
    return refuse({
      message: `The states in ${replay.inputs.name} have ${width} values each; the network takes ${size}.`,
      hint: "Drop the replay that this network visited.",
    });
  const total = states.length / size;
  const judged = Math.max(1, Math.min(JUDGED, Math.floor(total / 5)));
  const calibration = states.subarray(0, Math.min(CALIBRATED, total > judged ? total - judged : total) * size);
  const at = (t: number) =>
    convert(network, calibration, { ...options, spiking: { ...options.spiking, steps: t } }).network;
  const facts = { calibrated: calibration.length / size, judged, shape: shapeOf(network) };
  if (make !== undefined) return send({ type: "done", ...facts, model: encodeModel(at(make)) });
  const judgedStates = states.subarray((total - judged) * size);
  for (const t of steps) {
    const [row] = similarity(network, at(t), judgedStates, { steps: [t] });
    send({ type: "row", row, of: steps.length });
  }
  send({ type: "done", ...facts });
}

const refuse = (problem: Plain): void => send({ type: "failed", problem });
