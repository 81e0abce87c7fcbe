// Descriptors that TypeScript writes into memory: src/engines/fast/kernels/layout.ts has the same fields in the same order, numbers (i32),
// addresses (usize), then f64 (tests/engines/kernels/layout.test.ts compares them).

/** Of a convolution or of pooling (src/network/convolution.ts). */
// @ts-ignore: decorator
@unmanaged
export class Geometry {
  height: i32;
  width: i32;
  channels: i32;
  outputHeight: i32;
  outputWidth: i32;
  filters: i32;
  kernelHeight: i32;
  kernelWidth: i32;
  strideY: i32;
  strideX: i32;
  top: i32;
  left: i32;
}

// @ts-ignore: decorator
@unmanaged
export class Layer {
  /** Values that the synapses start from: what comes out of pooling, if there is any. */
  inputs: i32;
  outputs: i32;
  /** Outputs padded to whole vectors (a multiple of 4), the length of a row of weights. */
  width: i32;
  /** Steps that are computed: all, or in training those that reach the output. */
  steps: i32;
  /** Bytes of one step's spike bits: whole 64-bit words. */
  plane: i32;
  /** 1: the layer spikes and resets. */
  spikes: i32;
  /** 1: neurons that fire by the potential before the step (lagged-lif); 0: integrate, fire and reset in one step (lif). */
  lagged: i32;
  /** 1: a spike replaces the potential (by 0, of lif by resetTo), 0: it takes off resetBy. */
  replaces: i32;
  /** 1: no decay, no synaptic current, reset by subtraction; every neuron alike. */
  plain: i32;
  /** 1: neurons differ in their parameters; only lif. */
  each: i32;
  /** 1: lif with options that lif.ts knows alone; of these: */
  full: i32;
  /** 0: no synaptic current, 1: one that decays before what arrives comes in, 2: after. */
  current: i32;
  /** 0: resets in the step of the spike; 1: delayed-subtraction, 2: delayed-lost, 3: subtraction-late. */
  late: i32;
  /** 1: `values` are the potentials after each step, 0: before its reset. */
  after: i32;
  /** 1: no neurons, and no ReLU either. */
  linear: i32;
  /** 1: `values` are wanted afterwards. */
  kept: i32;
  /** 1: weights lie in panels. */
  packed: i32;
  /** So many neurons side by side get the same current before their biases. */
  population: i32;
  /** What pooling takes of each window: 0 the largest value, of spikes the largest count so far; 1 the mean; 2 the sum; 3 the largest of one step. */
  windows: i32;
  poolPlane: i32;
  /** Offset of the layer's gradients from the start of a chunk's, in bytes: [inputs, width], then [width] if there are biases. */
  gradient: i32;
  /** Where the gradients of its leaks follow, then those of its thresholds, [width] each, likewise; 0: they are not learned. */
  learned: i32;
  /** Bytes of one step of the layer before's `sent`. */
  sentRow: i32;
  /**
   * [inputs, width]; packed: [panels of 128 bytes, inputs, 128 bytes]; convolution: [kernel height, kernel width, channels, padded filters], once
   * more negated for signed inputs.
   */
  weights: usize;
  /** [width], or 0 */
  biases: usize;
  /** [width]: the potential before the first step. */
  initial: usize;
  /** The neuron's parameters, [width] each; 0: it has none of that name. A potential spikes when it is strictly above the threshold. */
  alpha: usize;
  beta: usize;
  threshold: usize;
  resetBy: usize;
  resetTo: usize;
  gain: usize;
  offset: usize;
  leakTo: usize;
  lowest: usize;
  maxSpikes: usize;
  /** [outputs, width], from the layer's own neurons; 0: none. */
  recurrent: usize;
  /** [width]: the spikes before the first step, of layers with recurrent weights. */
  before: usize;
  /** [steps, width]: numbers of spikes, of neurons that may send several in a step; else 0. */
  sent: usize;
  /** [outputs, width of the layer before]; 0 outside training and in the first layer. */
  transposed: usize;
  /**
   * [slots, steps, width]: of lagged neurons the potential before each step, of others in each step before its reset. Not kept: room for the
   * currents, shared by layers.
   */
  values: usize;
  /** [slots, steps, plane]: the spikes of each step, one bit per neuron. */
  bits: usize;
  /** [slots, width]: the potential after the last step. */
  final: usize;
  /** [width] of 32-bit integers, spikes per neuron; 0: not counted. */
  counts: usize;
  /** [width]: the current before the first step; 0: the neuron has none. */
  currents: usize;
  /** [width]: the current after the last step; 0: not wanted. */
  finalCurrents: usize;
  /** A layer of one neuron per population, without biases, that has the weights and room for the currents in its `values`; 0: populations of one. */
  unit: usize;
  /** Geometry; 0: a dense layer. */
  convolution: usize;
  /** Geometry of pooling in front of the synapses; 0: none. */
  pooling: usize;
  /** Largest spikes, [steps, poolPlane]: those that leave the windows. Else [inputs]: the values that do, of one step. */
  pooled: usize;
  /** [what goes into the windows] of 32-bit integers: spikes so far. */
  poolCounts: usize;
  /** [inputs] of 32-bit integers: the largest count in each window. */
  poolLargest: usize;
  /** [inputs] of 32-bit integers: in how many steps something left each window. */
  poolSent: usize;
  /** The strength of a price on its spikes (src/network/regulariser.ts); 0: none. */
  price: f64;
}

export const LAYER_BYTES: usize = offsetof<Layer>();

// @ts-ignore: decorator
@unmanaged
export class Plan {
  depth: i32;
  steps: i32;
  batch: i32;
  /** States per chunk: the unit that a thread takes. */
  chunk: i32;
  inputPlane: i32;
  gradientBytes: i32;
  /** Per thread. */
  scratchBytes: i32;
  /** The widest layer. */
  widest: i32;
  /** Where a thread's scratch has room for recurrence (lif.ts), in bytes from its start. */
  room: i32;
  /** 0 fast sigmoid, 1 arctan, 2 triangular */
  surrogate: i32;
  /** 1: no gradient through the reset. */
  detached: i32;
  /** 1: multiply the spikes of every input, 0: add the rows of those that spiked. The same bits. */
  dense: i32;
  /** Address of the control block of the pool whose threads share a state's work (split.ts); 0: it is one thread's. */
  control: i32;
  layers: usize;
  /** [batch, inputs of the first layer]: constant currents; 0: the first layer takes spikes. */
  observations: usize;
  /** [slots, steps, plane of the inputs]: spikes of the input, when there are no constant currents. */
  inputBits: usize;
  /** [batch, width of the output layer] */
  outputs: usize;
  /** [batch, width of the output layer] */
  outputGradients: usize;
  /** [chunks, gradientBytes] */
  gradients: usize;
  scratch: usize;
  /** [steps]: derivative of the output potential with respect to the input of each step. */
  coefficients: usize;
  /** What the pool's threads work on. */
  task: usize;
  scale: f64;
  /** Sum of the coefficients. */
  coefficientSum: f64;
  /** Spikes per step that cost nothing, where there is a price on them. */
  priceRate: f64;
}

/** A part of one state's work that threads share (split.ts). All but `threads` is written from part to part. */
// @ts-ignore: decorator
@unmanaged
export class Task {
  threads: i32;
  kind: i32;
  layer: usize;
  pieces: i32;
  steps: i32;
  bits: usize;
  plane: i32;
  from: usize;
  fromRow: usize;
  to: usize;
  toRow: usize;
  final: usize;
}
