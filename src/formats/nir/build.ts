import { sizeOf } from "../../files/tensor.ts";
import type { Convolution, ImageShape } from "../../network/convolution.ts";
import { columnsOf, type Layer, type Pooling, type SpikingLayer, synapticInputs } from "../../network/layer.ts";
import type { Shape } from "../../network/network.ts";
import type { Neuron } from "../../network/neurons/index.ts";
import { nirInvalid, nirUnsupported } from "./errors.ts";
import type { NirNode } from "./graph.ts";
import type { Numbers, Signal } from "./numbers.ts";

/** Identity matrices are made where neurons follow neurons; they must not fill the memory. */
const LARGEST_IDENTITY = 2 ** 24;

type Weighted = Pick<Layer, "synapses" | "weights" | "biases">;

/** A network in the making: node by node from the input on. */
export class Builder {
  readonly source: string;
  readonly layers: SpikingLayer[] = [];
  /** Of each layer's neurons. */
  readonly names: string[] = [];
  readonly assumed = new Set<string>();
  input: Shape | undefined;
  signal: Signal | undefined;
  /** Whether the image is seen as a list from here on. */
  flattened = false;
  /** The node whose neurons never fire: none with weights or neurons may follow. */
  silent: NirNode | undefined;
  private pooling: { readonly pooling: Pooling; readonly node: NirNode } | undefined;
  private synapses: (Weighted & { readonly node: NirNode }) | undefined;
  /** What the next synapses' inputs, or the next neurons' sums, are multiplied by. */
  private scale: Numbers | undefined;

  constructor(source: string) {
    this.source = source;
  }

  readonly note = (assumed: string): void => void this.assumed.add(assumed);

  /** What flows into this node; NIR_INVALID where that is not known. */
  into(node: NirNode): Signal {
    if (this.silent && !["Output", "Flatten"].includes(node.type))
      throw nirUnsupported(
        this.source,
        `its neurons never fire, and their potentials go on to "${node.name}": only a last layer is read by its potential`,
        this.silent.name,
      );
    if (!this.signal)
      throw nirInvalid(this.source, "nothing says how many values go into it: an Input node is missing", node.name);
    return this.signal;
  }

  begin(signal: Signal): void {
    this.signal = signal;
    this.input = signal.image ?? [sizeOf(signal.shape)];
  }

  connect(node: NirNode, weighted: Weighted, signal: Signal): void {
    const before = this.synapses?.node;
    if (before)
      throw nirUnsupported(this.source, `weights follow those of "${before.name}" with no neurons between`, node.name);
    this.synapses = { ...weighted, weights: this.scaled(weighted), node };
    this.signal = signal;
    this.flattened = false;
  }

  /** The scale in front of synapses becomes part of their weights. */
  private scaled({ synapses, weights }: Weighted): Float32Array {
    const scale = this.scale;
    this.scale = undefined;
    if (!scale) return weights;
    const columns = columnsOf({ synapses });
    const inputs = synapticInputs({ synapses });
    const channels = synapses.kind === "dense" ? inputs : synapses.input[2];
    const uniform = scale.every((value, k) => value === scale[k % channels]);
    if (!uniform)
      throw nirUnsupported(this.source, "a Scale that differs from place to place stands before a convolution");
    return weights.map((weight, k) => weight * scale[scale.length > 1 ? Math.floor(k / columns) % channels : 0]);
  }

  pool(node: NirNode, pooling: Pooling, signal: Signal): void {
    const before = this.pooling?.node ?? this.synapses?.node;
    if (before)
      throw nirUnsupported(this.source, `it pools what "${before.name}" puts out, with no neurons between`, node.name);
    if (this.scale && this.scale.length > 1)
      throw nirUnsupported(this.source, "it pools what a Scale multiplied, value by value", node.name);
    this.pooling = { pooling, node };
    this.signal = signal;
  }

  multiply(values: Numbers): void {
    const before = this.scale;
    if (!before) this.scale = values;
    else {
      const [longer, shorter] = before.length > values.length ? [before, values] : [values, before];
      this.scale = longer.map((value, k) => value * shorter[shorter.length > 1 ? k : 0]);
    }
  }

  /** Whether weights wait for their neurons: a scale then is of sums. */
  get weighted(): boolean {
    return this.synapses !== undefined;
  }

  /** The layer of these neurons; `make` is told what its sums are multiplied by. */
  fire(
    node: NirNode,
    make: (scale: Numbers | undefined) => Neuron,
    recurrent?: { readonly weights: Float32Array; readonly biases: Float32Array | null },
  ): void {
    const signal = this.into(node);
    if (!this.synapses) this.connect(node, this.identity(node, signal), signal);
    const { synapses, weights, biases } = this.synapses!;
    const scale = this.scale;
    this.scale = undefined;
    if (recurrent && synapses.kind !== "dense")
      throw nirUnsupported(this.source, "neurons behind a convolution have weights back to themselves", node.name);
    this.layers.push({
      ...(this.pooling && { pooling: this.pooling.pooling }),
      synapses,
      weights,
      biases: sum(biases, recurrent?.biases ?? null),
      ...(recurrent && { recurrent: recurrent.weights }),
      activation: make(scale),
    });
    this.names.push(node.name);
    this.pooling = this.synapses = undefined;
  }

  /** Weights of 1 from each value to itself. */
  private identity(node: NirNode, { shape, image }: Signal): Weighted {
    const n = image && !this.flattened ? image[2] : sizeOf(shape);
    if (n * n > LARGEST_IDENTITY)
      throw nirUnsupported(
        this.source,
        `${n} neurons without weights before them need ${n} x ${n} of their own`,
        node.name,
      );
    const weights = new Float32Array(n * n);
    for (let k = 0; k < n; k++) weights[k * n + k] = 1;
    if (!image || this.flattened) return { synapses: { kind: "dense", inputs: n, outputs: n }, weights, biases: null };
    return { synapses: { kind: "convolution", ...pointwise(image) }, weights, biases: null };
  }

  /** What is still open where the graph ends: "weights", "pooling" or nothing. */
  get open(): NirNode | undefined {
    return this.synapses?.node ?? this.pooling?.node;
  }
}

function pointwise(image: ImageShape): Convolution {
  return { input: image, output: image, kernel: [1, 1], strides: [1, 1], padding: [0, 0] };
}

function sum(a: Float32Array | null, b: Float32Array | null): Float32Array | null {
  return a && b ? a.map((value, k) => value + b[k]) : (a ?? b);
}
