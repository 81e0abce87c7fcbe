import type { Engine } from "../../src/network/engine.ts";
import type { Settings } from "../../src/simulators/names.ts";
import { type OpenOptions, openSimulator } from "../../src/simulators/open.ts";

/** The thesis's membrane time constant on the board, in ms. */
const tauM = 100;

const settings: Readonly<Record<string, Settings>> = {
  "spinnaker-twin": { tauM },
  // Without a time scale factor, which was 1 in the thesis, it gets the one that episodes side by side need.
  "spinnaker": { tauM, host: "emulated", boardVersion: 3 },
};

/** A simulator as the thesis's tables have it. */
export const openSetUp = (simulator: string, options: Omit<OpenOptions, "settings"> = {}): Promise<Engine> =>
  openSimulator(simulator, { ...options, settings: settings[simulator] });
