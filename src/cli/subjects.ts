import { existsSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { withOptions } from "../engines/forward.ts";
import { readBytes } from "../files/atomic.ts";
import { decodeRecorded } from "../formats/frameworks/reader.ts";
import {
  isRecordedNetwork,
  loadRecording,
  ofNetwork,
  type RecordedFile,
} from "../formats/frameworks/recording-file.ts";
import { importNetwork } from "../formats/import.ts";
import { loadInput } from "../formats/input-file.ts";
import { isNir, readNir } from "../formats/nir/read.ts";
import type { NirOptions } from "../formats/nir/options.ts";
import { loadReplayStates } from "../learning/replay-states.ts";
import { loadModel } from "../network/file/model.ts";
import { isSpiking, kindOf, type Network, observationSize, type SpikingNetwork } from "../network/network.ts";
import { Random } from "../numeric/random.ts";
import type { Subject } from "../simulators/certificate.ts";
import { exampleObservations } from "../simulators/inputs.ts";
import type { RecordedRun } from "../simulators/recorded.ts";

/** Which network is shown which states. */
export interface SubjectOptions {
  readonly reset?: "subtraction" | "zero";
  readonly steps?: number;
  readonly states?: number;
  readonly replay?: string;
  readonly data?: string;
  readonly against?: string;
  readonly nir?: NirOptions;
  readonly seed: number;
}

/** A subject, and what was taken for granted in reading it. */
export interface Read {
  readonly subject: Subject;
  /** Fewer steps than the network's own, where a recording has so many. */
  readonly steps?: number;
  readonly assumed: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

interface Found {
  readonly network: SpikingNetwork;
  readonly sha256?: string;
  readonly assumed: readonly string[];
  /** Of a framework's whole network. */
  readonly recorded?: RecordedFile;
  readonly names?: readonly string[];
}

/** The network in `path`, whatever form it has; without one that in `against`. */
export async function readSubject(path: string | undefined, options: SubjectOptions): Promise<Read> {
  const { reset, against, nir } = options;
  const source = path ?? against!;
  const found = await networkIn(source, nir);
  const network = withOptions(found.network, { reset });
  const judge =
    against === undefined
      ? undefined
      : path === undefined
        ? found.recorded
        : await loadRecording(against, network, { names: found.names, dt: nir?.dt });
  if (against !== undefined && !judge)
    throw new UsageError("BAD_ARGUMENT", `${against} holds spikes and no network: name the network too.`, {
      hint: `dsqn certify NETWORK --against ${against}`,
    });
  const { inputs, changing, steps, from } = await statesFor(network, source, options, judge ?? found.recorded);
  const recording = judge && runOf(judge, inputs.length / observationSize(network) / (changing ? steps! : 1));
  const subject: Subject = {
    name: basename(source, extname(source)),
    network,
    inputs,
    changing,
    source: from,
    ...(found.sha256 !== undefined && reset === undefined && { sha256: found.sha256 }),
    ...(recording && { recording }),
  };
  return {
    subject,
    steps: options.steps ?? steps ?? judge?.recording.steps,
    assumed: found.assumed,
    versions: judge?.versions ?? {},
  };
}

function runOf(
  { by, version, recording: { states, steps, spikes, potentials } }: RecordedFile,
  shown: number,
): RecordedRun {
  if (shown === states) return { by, version, states, steps, spikes, potentials };
  throw new UsageError("SPIKES_MISMATCH", `The recording has ${states} states, and there is input for ${shown}.`, {
    hint: "Inputs and spikes have to be of the same states, in the same order.",
  });
}

async function networkIn(path: string, nir: NirOptions | undefined): Promise<Found> {
  const bytes = await readBytes(path);
  if (isRecordedNetwork(bytes)) {
    const read = await decodeRecorded(bytes, path);
    return { network: read.network, assumed: read.assumed, recorded: ofNetwork(read) };
  }
  if (isNir(bytes)) {
    const { network, assumed = [], names } = readNir(bytes, path, nir);
    return { network: spikingOf(network, path), assumed, names };
  }
  if (extname(path) === ".safetensors") {
    const { network, sha256 } = await loadModel(path);
    return { network: spikingOf(network, path), sha256, assumed: [] };
  }
  const { network, assumed } = await importNetwork(path);
  return { network: spikingOf(network, path), assumed };
}

function spikingOf(network: Network, path: string): SpikingNetwork {
  if (isSpiking(network)) return network;
  throw new UsageError(
    "MODEL_KIND",
    `"${path}" is a ${kindOf(network)} network; there is nothing to compare spike for spike.`,
    { hint: `dsqn convert ${path} makes a spiking network of it.` },
  );
}

interface States {
  readonly inputs: Float32Array;
  readonly changing: boolean;
  /** Where they change. */
  readonly steps?: number;
  readonly from: Subject["source"];
}

async function statesFor(
  network: SpikingNetwork,
  path: string,
  options: SubjectOptions,
  recorded: RecordedFile | undefined,
): Promise<States> {
  const { data, against, states = 100, replay, seed } = options;
  const size = observationSize(network);
  if (data !== undefined) {
    const { inputs, changing, steps } = await loadInput(data, network, options.nir?.dt);
    return { inputs, changing, steps: steps ?? undefined, from: "recorded" };
  }
  const own = recorded?.recording;
  if (own?.inputs && own.inputs.length !== own.states * size * (own.changing ? own.steps : 1))
    throw new UsageError(
      "SPIKES_MISMATCH",
      `The recording's input has ${own.inputs.length / own.states / (own.changing ? own.steps : 1)} values a state, and the network takes ${size}.`,
      { hint: "It is a recording of another network.", facts: { values: own.inputs.length, states: own.states, size } },
    );
  if (own?.inputs)
    return {
      inputs: own.inputs,
      changing: own.changing,
      steps: own.changing ? own.steps : undefined,
      from: "recorded",
    };
  if (against !== undefined)
    throw new UsageError("BAD_ARGUMENT", `${against} holds spikes, and not what the network was shown.`, {
      hint: "Add --data FILE.npz with x, the states: [states, ...] or [steps, states, ...].",
    });
  const folder = replay ?? ownReplay(path);
  const random = Random.stream(seed, "states");
  if (folder === undefined)
    return { inputs: exampleObservations(network, states, random), changing: false, from: "random" };
  const visited = await loadReplayStates(folder, size);
  const chosen = random.shuffle(Array.from({ length: visited.length / size }, (_, i) => i)).slice(0, states);
  const inputs = new Float32Array(chosen.length * size);
  chosen.forEach((i, k) => inputs.set(visited.subarray(i * size, (i + 1) * size), k * size));
  return { inputs, changing: false, from: "visited" };
}

/** models/cartpole-dqn-converted has its states in models/cartpole-dqn-replay. */
function ownReplay(path: string): string | undefined {
  const stem = basename(path, ".safetensors").replace(/-converted$/, "");
  const folder = join(dirname(path), `${stem}-replay`);
  return existsSync(folder) ? folder : undefined;
}
