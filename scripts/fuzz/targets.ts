import { mkdirSync, writeFileSync } from "node:fs";
import { Packr } from "msgpackr";
import { join } from "node:path";
import { DsqnError } from "../../src/errors.ts";
import { decodeArrays } from "../../src/bridge/arrays.ts";
import { parse, unpack } from "../../src/bridge/codec.ts";
import { parseNeuronsFile } from "../../src/formats/frameworks/neurons-file.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { untrustedReaders } from "../../src/formats/nir/untrusted.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { readVecNormalize } from "../../src/formats/vecnormalize.ts";
import { unzip } from "../../src/formats/zip.ts";
import { environmentOptionsOf } from "../../src/learning/environment-card.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { parseCertificate } from "../../src/simulators/read-certificate.ts";
import { Board, packetSeeds } from "./board.ts";
import type { Form } from "./mutate.ts";
import { seedsOf, weightsAlone } from "./seeds.ts";

/** Something that reads bytes of strangers. */
export interface Target {
  readonly name: string;
  seeds(): Uint8Array[] | Promise<Uint8Array[]>;
  /** `scratch`: a folder of its own. */
  read(bytes: Uint8Array, scratch: string): void | Promise<void>;
  /** Whether it may fail so; a DsqnError unless said. */
  readonly typed?: (error: unknown) => boolean;
  /** Pieces of files that mean something there. */
  readonly tokens?: readonly string[];
  /** What it is inside, where `mutated` does not see that by itself. */
  readonly form?: Form;
  /** It runs in the Python of the environment (worker.py), which reads instead of `read`. */
  readonly python?: boolean;
}

const plain = new Packr({ useRecords: false });

/** Opcodes that would run something, in an interpreter that runs what it reads. */
const PICKLES = [
  "cos\nsystem\n(S'touch canary'\ntR.",
  "\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch canary\x85R",
  "cbuiltins\neval\n(X\x10\x00\x00\x00open('canary','w')tR",
  "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xff",
  "ctorch.jit\nload\n",
  "(((((((((((((((((((((((((((((((((",
  "h\x00", "r\xff\xff\xff\x7f", "\x8a\xff", "\x8b\xff\xff\xff\x7f", "]q\x00h\x00a", "0", "2", "b", "R", "Q", ".",
]; // prettier-ignore
const NPY = ["'descr': '|O'", "'fortran_order': True", "(99999999999, 0)", "(2147483648, 2147483648)", "'<f8'", "'>c16'", ", 1" + ", 1".repeat(40)]; // prettier-ignore

/** A file that `dsqn import` takes, whatever it is. */
function file(name: string, extension: string, tokens?: readonly string[]): Target {
  return {
    name,
    tokens,
    seeds: () => seedsOf(name),
    async read(bytes, scratch) {
      const path = join(scratch, `model${extension}`);
      writeFileSync(path, bytes);
      // What a manifest of weights names, where the file is one.
      if (name === "layers-model") writeFileSync(join(scratch, "weights.bin"), new Uint8Array(4 * 26));
      await importNetwork(path);
    },
  };
}

const archives: Target = {
  name: "zip",
  seeds: () => seedsOf("npz"),
  read: (bytes) => void unzip(bytes),
  // Its callers say whose archive it is; they are targets of their own.
  typed: (error) => error instanceof Error && error.constructor === Error,
};

const statistics: Target = {
  name: "pickle",
  tokens: PICKLES,
  seeds: () => seedsOf("pickle"),
  async read(bytes, scratch) {
    const path = join(scratch, "vecnormalize.pkl");
    writeFileSync(path, bytes);
    await readVecNormalize(path);
  },
};

const cards: Target = {
  name: "card",
  seeds: () => seedsOf("card"),
  async read(bytes, scratch) {
    writeFileSync(join(scratch, "net.json"), bytes);
    writeFileSync(join(scratch, "net.safetensors"), (await seedsOf("model"))[0]);
    environmentOptionsOf((await loadModel(join(scratch, "net.safetensors"))).card);
  },
};

const replays: Target = {
  name: "replay",
  tokens: NPY,
  seeds: () => seedsOf("replay"),
  async read(bytes, scratch) {
    const folder = join(scratch, "replay");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "memory_inputs.npz"), bytes);
    writeFileSync(join(folder, "memory_outputs.npz"), bytes);
    writeFileSync(join(folder, "replay.json"), '{"environment":"CartPole-v1"}');
    await loadReplay(folder);
  },
};

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const certificates: Target = {
  name: "certificate",
  seeds: () => seedsOf("certificate"),
  read: (bytes) => void parseCertificate(text(bytes)),
};

const neurons: Target = {
  name: "neurons",
  seeds: () => seedsOf("neurons"),
  async read(bytes, scratch) {
    const told = parseNeuronsFile(text(bytes), "neurons.json");
    const path = join(scratch, "weights.safetensors");
    writeFileSync(path, weightsAlone());
    await importNetwork(path, { framework: { name: told.framework, neurons: told } });
  },
};

const MSGPACK = ["\xc7\x00\x70", "\xd4\x72\x40", "\xdd\xff\xff\xff\xff", "\xdf\xff\xff\xff\xff", "\xc6\xff\xff\xff\xff", "\xc9\xff\xff\xff\xff\x01", "\xa9__proto__"]; // prettier-ignore
const msgpack: Form = { decode: unpack, encode: (value) => new Uint8Array(plain.pack(value)) };

/** What a worker could send: the client turns whatever these throw into WORKER_PROTOCOL. */
const protocol: Target = {
  name: "protocol",
  tokens: MSGPACK,
  form: msgpack,
  seeds: () => seedsOf("protocol"),
  read(bytes) {
    const message = parse(bytes);
    if (message.type === "result" || message.type === "call") decodeArrays(message.arrays, [bytes.slice(0, 16)]);
  },
  typed: (error) => error instanceof Error,
};

/** What a client could send: read by the worker's own code. */
const worker: Target = {
  name: "worker",
  tokens: MSGPACK,
  form: msgpack,
  seeds: () => seedsOf("worker"),
  python: true,
  read: () => undefined,
};

let board: Board | undefined;
const packets: Target = {
  name: "packets",
  seeds: packetSeeds,
  // Nothing that comes by the network is an error of the board's.
  typed: () => false,
  read(bytes) {
    board ??= new Board();
    board.receive(bytes);
  },
};

/** Those that need a Python environment: only tried when they are named. */
export const pythonTargets: readonly Target[] = [worker];

export const targets: readonly Target[] = [
  file("safetensors", ".safetensors", ["I64", "F8_E4M3", "data_offsets", "__metadata__"]),
  file("npz", ".npz", NPY),
  archives,
  file("torch", ".pt", PICKLES),
  statistics,
  file("stable-baselines3", ".zip", PICKLES),
  ...untrustedReaders,
  file("nir-file", ".nir"),
  file("keras", ".keras"),
  file("keras-h5", ".h5"),
  file("onnx", ".onnx", ["\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\xff\x0f"]),
  file("json", ".json"),
  file("layers-model", ".json"),
  file("recorded", ".npz", NPY),
  neurons,
  cards,
  replays,
  certificates,
  protocol,
  packets,
];

export const targetOf = (name: string): Target => [...targets, ...pythonTargets].find((one) => one.name === name)!;

/** Whether a reader may end so. */
export function isTyped(target: Target, error: unknown): boolean {
  return target.typed ? target.typed(error) : error instanceof DsqnError;
}
