import { zipSync } from "fflate";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../../src/bridge/codec.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { type Tensor, tensor } from "../../src/files/tensor.ts";
import { exporter } from "../../src/formats/export.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import { encodeModel } from "../../src/network/file/model.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { describedNetwork, itsArrays } from "../../tests/formats/frameworks/sample.ts";
import {
  dictOf,
  legacyFile,
  listOf,
  op,
  pickle,
  plainDict,
  torchTensor,
  tupleOf,
} from "../../tests/formats/pickles.ts";

const fixtures = fileURLToPath(new URL("../../tests/fixtures/", import.meta.url));
const fixture = (...names: string[]): Uint8Array[] =>
  names.map((name) => new Uint8Array(readFileSync(join(fixtures, name))));

const ramp = (n: number): Float32Array => Float32Array.from({ length: n }, (_, k) => (k % 5) / 4 - 0.5);
const matrix = (...shape: number[]): Tensor => tensor(ramp(shape.reduce((a, b) => a * b, 1)), shape);
const dense = (inputs: number, outputs: number) => ({
  synapses: { kind: "dense", inputs, outputs } as const,
  weights: ramp(inputs * outputs),
  biases: ramp(outputs),
});
const spiking = spikingNetwork([dense(3, 4), dense(4, 2)], {
  neuron: neuron("lif", { beta: 0.9, reset: "subtraction" }),
  decoding: "spikes",
  steps: 4,
});
const plain = {
  input: [3],
  inputScale: 1,
  layers: [dense(3, 4), dense(4, 2)].map((layer, l) => ({
    ...layer,
    activation: { kind: l === 0 ? "relu" : "linear" },
  })),
} as never;
const weights = { "0.weight": matrix(4, 3), "0.bias": matrix(4), "2.weight": matrix(2, 4), "2.bias": matrix(2) };

/** What an exporter makes of a network. */
async function exported(format: string, name: string, network: typeof spiking = spiking): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-seeds-"));
  try {
    await exporter(format).write(network, join(folder, name));
    const path = join(folder, name);
    const file = statSync(path).isDirectory() ? readdirSync(path).find((one) => one.endsWith(".json"))! : "";
    return new Uint8Array(readFileSync(join(path, file)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** torch.save's archive, and what it wrote before 1.6. */
function torch(): Uint8Array[] {
  const view = (key: string, size: number, shape: number[]): number[] =>
    torchTensor(key, size, shape, shape.map((_, k) => shape.slice(k + 1).reduce((a, b) => a * b, 1))); // prettier-ignore
  const entries = { "0.weight": view("0", 12, [4, 3]), "0.bias": view("1", 4, [4]), "2.weight": view("2", 8, [2, 4]) };
  const storages = { 0: ramp(12), 1: ramp(4), 2: ramp(8) };
  const data = Object.entries(storages).map(([key, values]) => [`net/data/${key}`, new Uint8Array(values.buffer)]);
  const nested = plainDict({
    step: op.int(3),
    list: listOf([op.int(1)]),
    pair: tupleOf([op.none]),
    q: dictOf(entries),
  });
  return [
    ...[dictOf(entries, ["0", "1", "2"]), nested].map((object) =>
      zipSync({ "net/data.pkl": pickle(object), ...Object.fromEntries(data) }, { level: 0 }),
    ),
    legacyFile(dictOf(entries, true), storages),
  ];
}

function recorded(): Uint8Array {
  return encodeNpz(itsArrays(matrix), { "network.json": encoded(describedNetwork()) });
}

async function certificate(): Promise<Uint8Array> {
  const inputs = ramp(6);
  const spikes = [4, 2].map((n) => new Uint8Array(4 * 2 * n));
  const recording = { by: "snntorch", version: "1.0.0", states: 2, steps: 4, spikes, potentials: [null, null] };
  const subject = { name: "net", network: spiking, inputs, source: "recorded", recording } as const;
  const certificate = await certifyNetworks([subject], 1, { engine: referenceEngine, spikes: true });
  // The same bytes at any time, or an input's number says nothing.
  const columns = certificate.columns!.map((column) => ({ ...column, seconds: 0.5 }));
  return encoded({ ...certificate, date: "2026-01-01T00:00:00.000Z", seconds: 0.5, columns });
}

const encoded = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function card(): Uint8Array {
  const sha256 = createHash("sha256").update(encodeModel(spiking)).digest("hex");
  const environmentOptions = { kwargs: { gravity: 9.8 }, wrappers: [{ name: "TimeLimit", kwargs: { max: 5 } }] };
  const facts = { seed: 1, command: "dsqn train", environment: "CartPole-v1", score: { mean: 1, std: 0, episodes: 2 } };
  const fixed = {
    format: 1,
    name: "net",
    kind: "spiking",
    shape: [3, 4, 2],
    sha256,
    createdAt: "2026-01-01T00:00:00Z",
  };
  return encoded({ ...fixed, ...facts, environmentOptions });
}

function messages(): Uint8Array[] {
  const arrays = [["x", "float32", [2, 2], null], ["y", "uint8", [3], Uint8Array.of(1, 2, 3)]] as never; // prettier-ignore
  const key = new Uint8Array(32);
  return [
    { type: "result", id: 3, result: { a: [1, 2.5, "x"], deep: { b: null } }, arrays },
    { type: "error", id: 4, error: { code: "PYTHON_ERROR", message: "m", hint: "h", facts: { a: 1 } } },
    { type: "progress", id: 1, done: 2, total: 3, note: "n" },
    { type: "pong", seq: 1, call: null },
    { type: "wake" },
    { type: "welcome", protocol: 2, version: "0.1.0", mac: key, python: "3.11.9", pid: 77, capabilities: ["core"], data: "zeromq" }, // prettier-ignore
  ].map((message) => new Uint8Array(pack(message as never)));
}

function requests(): Uint8Array[] {
  const key = new Uint8Array(32);
  const call = { type: "call", id: 3, method: "core.echo" };
  return [
    { type: "hello", protocol: 2, nonce: key, mac: key },
    { ...call, params: { a: [1, 2.5, "x"], seed: 2 ** 40 }, arrays: [["x", "float32", [2, 2], new Uint8Array(16)]] },
    { ...call, params: {}, arrays: [["x", "int64", [2], 0], ["y", "uint8", [3], null], ["z", "float64", [], new Uint8Array(8)]] }, // prettier-ignore
    { type: "ping", seq: 1 },
    { type: "cancel", id: 3 },
    { type: "shutdown", graceMs: 100 },
    { type: "bell" },
  ].map((message) => new Uint8Array(pack(message as never)));
}

/** A state_dict without a word of its neurons. */
export const weightsAlone = (): Uint8Array => encodeSafetensors(weights);

const made: Readonly<Record<string, () => Uint8Array[] | Promise<Uint8Array[]>>> = {
  "model": () => [encodeModel(spiking)],
  "safetensors": async () => [
    encodeModel(spiking),
    encodeModel(plain),
    encodeSafetensors(weights),
    await exported("safetensors", "n.safetensors"),
  ],
  "npz": async () => [encodeNpz(weights), await exported("npz", "n.npz")],
  torch,
  "pickle": () => fixture("files/vecnormalize.pkl"),
  "stable-baselines3": () => fixture("files/dqn.zip", "files/ppo-relu.zip"),
  "nir-file": async () => [await exported("nir", "n.nir")],
  "keras": () => fixture("files/functional.keras", "files/mlp.keras"),
  "keras-h5": () => fixture("files/functional.h5", "files/mlp.h5"),
  "onnx": () => fixture("files/gemm.onnx", "files/residual.onnx", "files/convolutions.onnx"),
  "json": async () => [await exported("torch-state-json", "n.json"), await exported("json", "n.json")],
  "layers-model": async () => [await exported("layers-model", "n", plain)],
  "recorded": () => [recorded()],
  "neurons": () => [
    encoded({
      framework: "snntorch",
      steps: 4,
      decoding: "spikes",
      layers: [
        { weights: "0", neurons: null, neuron: "Leaky(beta=0.9, reset_mechanism='zero')" },
        { weights: "2", neurons: null, neuron: "Leaky(beta=0.5, threshold=1.0)" },
      ],
    }),
  ],
  "card": () => [card()],
  "replay": () => [encodeNpz({ arr_0: matrix(5, 4) }), encodeNpz({ arr_0: matrix(3, 4, 1) })],
  "certificate": async () => [await certificate()],
  "protocol": messages,
  "worker": requests,
};
const kept = new Map<string, Promise<Uint8Array[]>>();

/** Valid files of that kind, from which damaged ones are made. */
export function seedsOf(name: string): Promise<Uint8Array[]> {
  if (!kept.has(name)) kept.set(name, Promise.resolve(made[name]()));
  return kept.get(name)!;
}
