import { UsageError } from "../../errors.ts";
import { readBytes } from "../../files/atomic.ts";
import type { ImportOptions, WholeNetwork } from "../form.ts";
import { decodeNpz } from "../npz.ts";
import { weightShape } from "../../network/layer.ts";
import { unzip } from "../zip.ts";
import { invalid, looksDescribed } from "./described.ts";
import type { ReadingOptions } from "./layers.ts";
import { readRecorded, type RecordedNetwork } from "./recorded.ts";

/** The description in a single .npz of export_torch. */
export const DESCRIPTION_ENTRY = "network.json";

/** Whether the bytes are a description, NAME.json: its arrays lie in NAME.npz. */
export function isDescription(bytes: Uint8Array): boolean {
  try {
    return looksDescribed(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return false;
  }
}

/**
 * A framework's network with what it did, from NAME.npz of `export_torch`, or from NAME.json with NAME.npz beside it
 * (docs/frameworks.md).
 *
 * Errors: FRAMEWORK_FILE_INVALID, NPZ_INVALID, FILE_NOT_FOUND, and NETWORK_INVALID.
 */
export async function loadRecorded(path: string, options: Partial<ReadingOptions> = {}): Promise<RecordedNetwork> {
  return decodeRecorded(await readBytes(path), path, options);
}

/** Likewise from bytes of the file `source`; what lies beside it is read. */
export async function decodeRecorded(
  bytes: Uint8Array,
  source: string,
  options: Partial<ReadingOptions> = {},
): Promise<RecordedNetwork> {
  if (bytes.find((byte) => byte > 0x20) === 0x7b) {
    const beside = source.replace(/\.json$/i, "") + ".npz";
    const arrays = decodeNpz(await readBytes(beside), beside);
    return readRecorded(new TextDecoder().decode(bytes), arrays, source, options);
  }
  const arrays = decodeNpz(bytes, source);
  const description = unzip(bytes)[DESCRIPTION_ENTRY];
  if (!description)
    throw invalid(source, `it holds no ${DESCRIPTION_ENTRY}, which says what its arrays are`, {
      hint: "dsqn_bridge.export_torch writes such files (docs/frameworks.md); of an .npz without it name the .json beside it.",
    });
  return readRecorded(new TextDecoder().decode(description), arrays, source, options);
}

/** For the import: the network alone. */
export async function wholeRecorded(bytes: Uint8Array, source: string, options: ImportOptions): Promise<WholeNetwork> {
  const { framework: said, decoding, spiking } = options;
  const { network, framework, assumed } = await decodeRecorded(bytes, source, { decoding, steps: spiking?.steps });
  if (said && said.name !== framework && !(said.name === "spikingjelly" && framework === "sj"))
    throw new UsageError(
      "NEURONS_INVALID",
      `${source} is a network of ${framework}, and --framework says ${said.name}.`,
      {
        hint: "The file says all there is to know: leave --framework out.",
      },
    );
  if (said?.neuron !== undefined || said?.neurons)
    throw new UsageError("NEURONS_INVALID", `${source} says which neurons it has; --neuron says it again.`, {
      hint: "Leave --neuron and --neurons out.",
    });
  const tensors = network.layers.map((layer, l) => ({ name: `layers.${l}.weight`, shape: weightShape(layer) }));
  return { form: `recorded network of ${framework}`, network, tensors, assumed };
}
