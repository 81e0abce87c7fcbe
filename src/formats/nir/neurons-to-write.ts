import { sizeOf, type Tensor, tensor } from "../../files/tensor.ts";
import type { ImageShape } from "../../network/convolution.ts";
import { reordered } from "../torch-layout.ts";
import { type LaggedLif, type Lif, type Neuron, neuron, type Values, valueOf } from "../../network/neurons/index.ts";

/** Where neurons stand. */
interface Place {
  /** As NIR counts it. */
  readonly shape: readonly number[];
  readonly image: ImageShape | undefined;
  /** Whether they fire; an output layer that is read by its potential does not. */
  readonly fires: boolean;
  readonly dt: number;
}

interface NeuronToWrite {
  readonly type: string;
  readonly fields: Readonly<Record<string, Tensor>>;
}

/**
 * Neurons as the node that forward Euler with a step of dt makes them of:
 *
 *   beta = 1 - dt / tau, gain = r dt / tau            LIF, or LI where they don't fire
 *   alpha = 1 - dt / tau_syn, w_in dt / tau_syn = 1   CubaLIF, CubaLI; alpha where the current decays with its input
 *   gain = r dt                                       IF, I: no leak
 *
 * `warn` is told what NIR can't say of them.
 */
export function neuronToWrite(own: Neuron, place: Place, warn: (what: string) => void): NeuronToWrite {
  const lif = own.kind === "lif" ? own : unlagged(own, warn);
  if (place.fires) warnOfFiring(lif, warn);
  if (lif.initial?.some((v) => v !== 0)) warn("potentials that begin elsewhere than at 0");
  const values = (of: (j: number) => number): Tensor => inNirOrder(of, place);
  const [alpha, beta, gain] = [lif.alpha, lif.beta, lif.gain].map((v) => (j: number) => valueOf(v, j));
  const firing = place.fires && {
    v_threshold: values((j) => valueOf(lif.threshold, j)),
    // NIR before 1.0.5, which sinabs needs, does not know it; where it is missing it is 0.
    ...(lif.reset === "value" && !all(lif.resetTo, 0) && { v_reset: values((j) => valueOf(lif.resetTo, j)) }),
  };
  if (lif.current === "none" && lif.beta === 1) {
    if (!all(lif.offset, 0)) warn("a constant beside the current of neurons without leak");
    return { type: place.fires ? "IF" : "I", fields: { r: values((j) => gain(j) / place.dt), ...firing } };
  }
  if (some(lif.beta, 1) || (lif.current !== "none" && some(lif.alpha, 1))) warn("time constants that are infinite");
  const tau = values((j) => place.dt / (1 - beta(j)));
  const rest = {
    r: values((j) => gain(j) / (1 - beta(j))),
    v_leak: values((j) => {
      const pull = gain(j) * valueOf(lif.offset, j);
      return valueOf(lif.leakTo, j) + (pull === 0 ? 0 : pull / (1 - beta(j)));
    }),
    ...firing,
  };
  if (lif.current === "none") return { type: place.fires ? "LIF" : "LI", fields: { tau, ...rest } };
  const charge = (j: number): number => (lif.current === "input-first" ? alpha(j) : 1);
  return {
    type: place.fires ? "CubaLIF" : "CubaLI",
    fields: {
      tau_mem: tau,
      tau_syn: values((j) => place.dt / (1 - alpha(j))),
      w_in: values((j) => charge(j) / (1 - alpha(j))),
      ...rest,
    },
  };
}

function warnOfFiring({ reset, fires, lowest, maxSpikes }: Lif, warn: (what: string) => void): void {
  const resets: Readonly<Record<Lif["reset"], string | undefined>> = {
    "value": undefined,
    "subtraction": "a reset by subtraction; NIR's resets to v_reset",
    "delayed-subtraction": "a reset by subtraction, one step late; NIR's resets to v_reset",
    "subtraction-late": "snnTorch's reset_delay=False; NIR's resets to v_reset",
    "delayed-lost": "a reset that loses the next step's input; NIR's keeps it",
  };
  const what = resets[reset];
  if (what !== undefined) warn(what);
  if (maxSpikes > 1) warn("several spikes in one step");
  else if (fires === "at") warn("a spike at the threshold; NIR's is above it");
  if (!all(lowest, -Infinity)) warn("a lower bound of the potential");
}

/** The nearest neuron without lag. */
function unlagged({ alpha, beta, threshold, reset, resetBy, initial }: LaggedLif, warn: (what: string) => void): Lif {
  warn("lagged-lif neurons, which take two steps from layer to layer; NIR's take none");
  const current = alpha > 0 ? { alpha, current: "decay-first" as const } : {};
  return neuron("lif", { beta, threshold, resetBy, reset: reset === "zero" ? "value" : reset, initial, ...current });
}

const all = (values: Values, value: number): boolean =>
  typeof values === "number" ? values === value : values.every((v) => v === value);
const some = (values: Values, value: number): boolean =>
  typeof values === "number" ? values === value : values.includes(value);

/** One float64 for each neuron, of an image in the order channels, rows, columns. */
function inNirOrder(of: (j: number) => number, { shape, image }: Place): Tensor {
  const values = Float64Array.from({ length: sizeOf(shape) }, (_, j) => of(j));
  return tensor(image ? reordered(values, 1, image, "to torch") : values, shape);
}
