import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DsqnError, UsageError } from "../errors.ts";
import { readBytes } from "../files/atomic.ts";
import type { Network } from "../network/network.ts";
import { validateNetwork } from "../network/validate.ts";
import type { ImportOptions, Interpreted, NamedTensors } from "./form.ts";
import type { Framework } from "./frameworks/dialects.ts";
import type { NeuronsFile } from "./frameworks/neurons-file.ts";
import { refuseSpiking } from "./frameworks/refusals.ts";
import { spikingFromStateDict } from "./frameworks/state-dict.ts";
import { templateOf } from "./frameworks/template.ts";
import { networkFrom } from "./named-tensors.ts";
import { readerOf, readers, shapesOf } from "./readers.ts";

export { importDefaults } from "./spiking-tensors.ts";
export type { ImportOptions } from "./form.ts";

/** A network from elsewhere, and what it was found in. */
export interface Imported {
  readonly network: Network;
  /** As they lie in the file. */
  readonly tensors: readonly { name: string; shape: readonly number[] }[];
  /** The file that was read. */
  readonly source: string;
  /** "dsqn", or which of the forms of weights it was. */
  readonly form: string;
  /** What the file does not say, and was taken for granted. */
  readonly assumed: readonly string[];
}

/**
 * Reads a network from a file, or from the `model.pt`, `.npz`, `.safetensors` or `.json` in a folder. docs/formats.md has the forms; of those that
 * are tensors with names alone the options say the rest.
 */
export async function importNetwork(path: string, options: ImportOptions = {}): Promise<Imported> {
  const source = await modelFile(path);
  const bytes = await readBytes(source);
  const found = await readerOf(bytes, source).read(bytes, source, options);
  const whole = "network" in found;
  const { network, assumed = [] } = whole ? found : interpreted(found, options, source);
  try {
    validateNetwork(network);
  } catch (cause) {
    throw new DsqnError("IMPORT_INVALID", `${source}: ${(cause as Error).message}`, {
      cause,
      hint: whole
        ? "Look at where the weights come from."
        : "Are the weights of the other kind? --kind dense or --kind spiking says so.",
    });
  }
  return { network, tensors: whole ? found.tensors : shapesOf(found.tensors), source, form: found.form, assumed };
}

/** Tensors with names alone: a network of one of the frameworks, where that is said. */
function interpreted(found: NamedTensors, options: ImportOptions, source: string): Interpreted {
  const { framework, spiking, decoding, layers, architecture } = options;
  if (!framework) {
    refuseSpiking(found.tensors, source);
    return networkFrom(found, options, source);
  }
  const { name, ...told } = framework;
  return spikingFromStateDict(
    found.tensors,
    found.ordered,
    {
      ...told,
      framework: name,
      steps: spiking?.steps,
      decoding,
      order: layers,
      image: architecture?.input,
      strides: architecture?.strides,
      padding: architecture?.padding,
    },
    source,
  );
}

/** What a state_dict of a spiking network leaves open, as a neurons' file to fill in. */
export async function explainFile(path: string, framework?: Framework): Promise<NeuronsFile> {
  const source = await modelFile(path);
  const bytes = await readBytes(source);
  const found = await readerOf(bytes, source).read(bytes, source, {});
  if ("network" in found)
    throw new UsageError("BAD_ARGUMENT", `${source} (${found.form}) leaves nothing open.`, {
      hint: "Import it without --explain.",
    });
  return templateOf(found.tensors, framework, source);
}

async function modelFile(path: string): Promise<string> {
  const entry = await stat(path).catch(() => undefined);
  if (!entry?.isDirectory()) return path;
  const names = readers.map(({ extensions }) => `model${extensions[0]}`);
  for (const name of names) if (await stat(join(path, name)).catch(() => undefined)) return join(path, name);
  const list = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  throw new UsageError("FILE_NOT_FOUND", `The folder ${path} holds no ${list}.`, { facts: { path } });
}
