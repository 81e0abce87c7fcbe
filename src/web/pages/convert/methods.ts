import { balancedConversion, type ConversionOptions, originalConversion } from "../../index.ts";

/** A way of converting, as the page offers it. */
export interface Method {
  readonly name: string;
  readonly short: string;
  readonly options: ConversionOptions;
  readonly colour: string;
}

/** From the fewest steps to the most. */
export const methods: readonly Method[] = [
  {
    name: "balanced: a scale for each neuron, two neurons for one",
    short: "balanced",
    options: balancedConversion,
    colour: "var(--snn)",
  },
  {
    name: "a scale for each neuron, membranes begin half full",
    short: "per neuron, half full",
    options: { ...balancedConversion, population: 1, start: "half" },
    colour: "var(--nest)",
  },
  {
    name: "the thesis’s: one robust scale for each layer",
    short: "the thesis’s",
    options: originalConversion,
    colour: "var(--dqn)",
  },
  {
    name: "the largest activation of each layer",
    short: "largest activation",
    options: { ...originalConversion, method: "data" },
    colour: "var(--alarm)",
  },
  {
    name: "the weights alone, without any state",
    short: "weights alone",
    options: { ...originalConversion, method: "model" },
    colour: "var(--muted)",
  },
];

/** Each T that is looked at. */
export const STEPS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
