import { type Lif, neuron, type Values } from "../../network/neurons/index.ts";
import type { DescribedNeuron, DescribedValues } from "./described.ts";

/** A framework's neuron as lif; `outputs`: neurons of its layer. The error of a list of another length is the network's own. */
export function lifOf(described: DescribedNeuron, outputs: number): Lif {
  const { beta, alpha, alphaFirst, gain, leak, leakIn, threshold, fire = ">", vMin, v0 } = described;
  const initial = v0 === undefined || isZero(v0) ? null : listOf(v0, outputs);
  return neuron("lif", {
    beta: valuesOf(beta),
    threshold: valuesOf(threshold),
    ...(alpha !== undefined && { alpha: valuesOf(alpha), current: alphaFirst ? "input-first" : "decay-first" }),
    ...(gain !== undefined && { gain: valuesOf(gain) }),
    ...(leak !== undefined && { leakTo: valuesOf(leak) }),
    ...(leakIn !== undefined && { offset: valuesOf(leakIn) }),
    ...(vMin !== undefined && { lowest: valuesOf(vMin) }),
    fires: fire === ">=" ? "at" : "above",
    maxSpikes: fire === "floor" ? (described.maxSpikes ?? Infinity) : 1,
    ...resetOf(described),
    initial,
  });
}

/** A layer that only sums: what a last one without neurons is, read by its potential. */
export const summing: Lif = neuron("lif");

function resetOf({ reset, resetBy, vReset = 0, threshold }: DescribedNeuron): Partial<Lif> {
  const off = valuesOf(resetBy ?? threshold);
  switch (reset) {
    case "sub":
      return { reset: "subtraction", resetBy: off };
    case "zero":
      return { reset: "value", resetTo: valuesOf(vReset) };
    case "delayed-sub":
      return { reset: "delayed-subtraction", resetBy: off };
    case "delayed-zero":
      // The potential that the next step's leak would see is all that is lost: the same spikes as a reset in this one.
      return { reset: "value", resetTo: 0 };
    case "delayed-zero-lost":
      return { reset: "delayed-lost" };
    case "snntorch-nodelay-sub":
      return { reset: "subtraction-late", resetBy: off };
    case "none":
      return { reset: "subtraction", resetBy: 0 };
  }
}

/** One number where all are the same: float32, in which the frameworks have lists of them. */
function valuesOf(values: DescribedValues): Values {
  if (typeof values === "number") return values;
  return values.every((value) => value === values[0]) ? values[0] : Float32Array.from(values);
}

function listOf(values: DescribedValues, outputs: number): Float32Array {
  return typeof values === "number" ? new Float32Array(outputs).fill(values) : Float32Array.from(values);
}

function isZero(values: DescribedValues): boolean {
  return typeof values === "number" ? values === 0 : values.every((value) => value === 0);
}
