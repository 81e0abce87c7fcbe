import { DsqnError } from "../errors.ts";
import type { TensorData } from "../files/tensor.ts";
import { type PickleValue, readPickle } from "./pickle.ts";
import { invalid, plainValue, storedBytes, storedData, torchReader, type TorchValue } from "./torch-tensors.ts";
import { unzip } from "./zip.ts";

/**
 * What torch.save wrote, legacy stream (before torch 1.6) or zip archive, as plain values with tensors in them. Nothing in the
 * file is run (see pickle.ts). Strides are honoured: tensors come out row-major.
 */
export function decodeTorch(bytes: Uint8Array, source = "The torch file"): TorchValue {
  return bytes[0] === 0x50 && bytes[1] === 0x4b ? decodeZip(bytes, source) : decodeLegacy(bytes, source);
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Five pickles (magic number, protocol, system, the object, the storages' keys), then each storage: its size, 8 bytes, and its elements. */
function decodeLegacy(bytes: Uint8Array, source: string): TorchValue {
  const { options, storages, trees } = torchReader(source);
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, options, at);
    at = end;
    return value;
  };
  if (bytes[0] !== 0x80 || next() !== LEGACY_MAGIC) throw invalid(source, "it is no file of torch.save");
  if (next() !== 1001) throw invalid(source, "it has an unknown protocol version");
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false)
    throw invalid(source, "it comes from a big-endian machine");
  const object = next();
  const keys = next();
  if (!Array.isArray(keys)) throw invalid(source, "its list of storages is missing");
  const data = new Map<string, TensorData>();
  for (const key of keys) {
    if (typeof key !== "string") throw invalid(source, "its list of storages holds something that is no name");
    const storage = storages.get(key);
    if (!storage) throw invalid(source, `storage "${key}" belongs to no tensor`);
    const length = storedBytes(storage);
    if (at + 8 + length > bytes.length) throw invalid(source, `it ends within storage "${key}" (cut short?)`);
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true));
    if (size !== storage.size)
      throw invalid(source, `storage "${key}" has ${size} elements instead of ${storage.size}`);
    data.set(key, storedData(storage, bytes, at + 8));
    at += 8 + length;
  }
  return plainValue(object, data, trees, source);
}

function decodeZip(bytes: Uint8Array, source: string): TorchValue {
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    throw new DsqnError("TORCH_INVALID", `${source}: it is not a complete zip archive.`, { cause });
  }
  const pickle = Object.keys(files).find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) throw invalid(source, "the archive holds no data.pkl");
  const folder = pickle.slice(0, -"data.pkl".length);
  if (files[`${folder}constants.pkl`])
    throw new DsqnError(
      "TORCHSCRIPT_UNSUPPORTED",
      `${source} is TorchScript (torch.jit.save): a program, not weights alone.`,
      {
        hint: "Write the weights: torch.save(torch.jit.load(FILE).state_dict(), 'weights.pt').",
        facts: { source },
      },
    );
  if (files[`${folder}byteorder`] && new TextDecoder().decode(files[`${folder}byteorder`]) !== "little")
    throw invalid(source, "it comes from a big-endian machine");
  const { options, storages, trees } = torchReader(source);
  const { value } = readPickle(files[pickle], options);
  const data = new Map<string, TensorData>();
  for (const [key, storage] of storages) {
    const stored = files[`${folder}data/${key}`];
    if (stored?.length !== storedBytes(storage)) throw invalid(source, `storage "${key}" is missing or cut short`);
    data.set(key, storedData(storage, stored));
  }
  return plainValue(value, data, trees, source);
}
