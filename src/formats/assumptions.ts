import { UsageError } from "../errors.ts";
import type { Shape } from "../network/network.ts";
import { type Architecture, architectureSchema, type ImportedArchitecture } from "./architecture.ts";
import type { Module } from "./modules.ts";

/** An architecture as far as weights don't say it. */
export type Known = Omit<Architecture, "input"> & { readonly input: Shape };

/** What is known of the rest where all layers are dense. */
export const plain: Omit<Architecture, "input"> = { inputScale: 1, flatten: "hwc", strides: [], padding: [] };

/** What was given of an architecture, checked, the rest filled in and said to be assumed. `said`: by the user, not by the file. */
export function checkedArchitecture(
  given: ImportedArchitecture | undefined,
  source: string,
  said: boolean,
  modules: readonly Module[],
  assumed: string[],
): Architecture {
  if (!given)
    throw new UsageError(
      "ARCHITECTURE_MISSING",
      `${source} holds the weights of convolutions, but not over which image.`,
      {
        hint: "For example --input 84x84x4 --strides 4,2,1; a network with pooling needs --architecture FILE (docs/formats.md).",
        facts: { source },
      },
    );
  const parsed = architectureSchema.safeParse(given);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new UsageError("BAD_ARGUMENT", `The architecture's ${path.join(".")}: ${message}.`, { cause: parsed.error });
  }
  if (said) say(given, parsed.data, modules, assumed);
  return parsed.data;
}

function say(
  given: ImportedArchitecture,
  { layers, input }: Architecture,
  modules: readonly Module[],
  assumed: string[],
): void {
  const convolutions = modules.filter(({ kind }) => kind === "convolution").length;
  if (given.inputScale === undefined) assumed.push("observations are multiplied by 1/255 (--input-scale)");
  if (convolutions === 0) return;
  if (!layers) {
    if ((given.strides?.length ?? 0) < convolutions) assumed.push("strides of 1 where none are given (--strides)");
    if ((given.padding?.length ?? 0) < convolutions) assumed.push("no padding where none is given (--padding)");
    assumed.push("no pooling (--architecture FILE)");
  }
  const [height, width, channels] = input;
  if (
    given.flatten === undefined &&
    modules.some(({ kind }) => kind === "dense") &&
    (height * width > 1 || channels > 1)
  )
    assumed.push("the first dense layer sees its image channel by channel (--flatten chw)");
  for (const layer of layers ?? [])
    if (
      layer.kind === "average-pooling" &&
      layer.padding?.toString().match(/[1-9]/) &&
      layer.countPadding === undefined
    )
      assumed.push('averages count the zeros of the padding, as torch\'s do ("countPadding")');
}
