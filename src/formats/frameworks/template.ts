import { UsageError } from "../../errors.ts";
import type { Tensor } from "../../files/tensor.ts";
import { decodings } from "../../network/network.ts";
import { type Module, modulesOf, sizesOf } from "../modules.ts";
import { dialects, type Framework, frameworks } from "./dialects.ts";
import { inferredKind } from "./known.ts";
import type { NeuronsFile, ToldLayer } from "./neurons-file.ts";
import { divide, frameworksIn, type NeuronTensors } from "./pairing.ts";

/**
 * What a state_dict leaves open, as a file to be filled in: each "?" is asked for, and what is written already is read from the file
 * or a default of the framework. Layers stand as in the file: put them into the order of the forward pass.
 */
export function templateOf(
  tensors: Readonly<Record<string, Tensor>>,
  given: Framework | undefined,
  source: string,
): NeuronsFile {
  const seen = frameworksIn(tensors);
  const framework = given ?? (seen.length === 1 ? seen[0].framework : undefined);
  if (framework === undefined)
    throw new UsageError("FRAMEWORK_MISSING", `${source} does not tell which framework's network it is.`, {
      hint: `Add --framework ${frameworks.join(", ")}.`,
      facts: { source, frameworks: seen.map((one) => one.framework) },
    });
  const { neurons, rest, places } = divide(tensors, framework, source);
  const { modules } = modulesOf(rest, source);
  const weighted = modules.filter(({ kind }) => kind !== "batch-norm");
  const windows = weighted.some(({ kind }) => kind === "convolution");
  const layers = weighted.map((module, l): ToldLayer => {
    const [from, to] = [places.get(module.name)!, places.get(weighted[l + 1]?.name) ?? Infinity];
    const inside = (name: string): boolean => places.get(name)! > from && places.get(name)! < to;
    const own = neurons.length === weighted.length ? neurons[l] : neurons.find(({ name }) => inside(name));
    const norm = modules.find(({ kind, name }) => kind === "batch-norm" && inside(name));
    return layerOf(module, norm, own, framework, windows);
  });
  const [channels] = weighted[0]?.kind === "convolution" ? [sizesOf(weighted[0]).inputs] : [];
  return {
    framework,
    ...(channels !== undefined && { input: { height: "?", width: "?", channels } }),
    steps: "?",
    decoding: "?",
    layers,
    note:
      `decoding: ${decodings.join(", ")}. Where the last layer has no neurons, its neuron is null. ` +
      `Neurons of ${framework}: ${classesOf(framework)}.`,
  };
}

function layerOf(
  module: Module,
  norm: Module | undefined,
  own: NeuronTensors | undefined,
  framework: Framework,
  windows: boolean,
): ToldLayer {
  const { inputs, outputs } = sizesOf(module);
  const held = own ? `; ${own.name} holds ${Object.keys(own.values).join(", ")}` : "";
  return {
    weights: module.name,
    ...(norm && { batchNorm: norm.name, eps: 1e-5 }),
    ...(module.kind === "convolution" && { stride: "?" as const, padding: "?" as const }),
    ...(windows && { pooling: "?" as const }),
    neurons: own?.name ?? null,
    neuron: neuronText(own, framework),
    note: `${inputs} to ${outputs}${held}`,
  };
}

/** The class with what the file does not hold of it: "?" where the framework has no default, or where it may be of several classes. */
function neuronText(own: NeuronTensors | undefined, framework: Framework): string {
  const held = Object.keys(own?.values ?? {});
  const kind = inferredKind(framework, held);
  if (kind === undefined) return "?";
  const told = Object.entries(dialects[framework][kind].parameters).filter(
    ([, { tensor, only, default: usual }]) =>
      only === undefined && !(tensor && (held.includes(tensor) || usual === null)),
  );
  return `${kind}(${told.map(([of, { default: usual }]) => `${of}=${usual === undefined ? "?" : python(usual)}`).join(", ")})`;
}

/** Every class that it might be, with its arguments. */
function classesOf(framework: Framework): string {
  return Object.entries(dialects[framework])
    .map(([kind, { parameters }]) => {
      const told = Object.entries(parameters).filter(([, { only }]) => only === undefined);
      return `${kind}(${told.map(([of, { default: usual }]) => `${of}=${usual === undefined ? "?" : python(usual)}`).join(", ")})`;
    })
    .join("; ");
}

function python(value: string | number | boolean | null): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? `"${value}"` : String(value);
}
