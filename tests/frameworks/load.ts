import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadRecorded } from "../../src/formats/frameworks/reader.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";

/** Networks of other frameworks with the spikes that those frameworks made: NAME.json and NAME.npz. */
export const NETWORKS = process.env.DSQN_NETWORKS ?? join("..", "shared", "networks");

export const foreignNames: readonly string[] = existsSync(NETWORKS)
  ? readdirSync(NETWORKS)
      .filter((file) => file.endsWith(".json") && existsSync(join(NETWORKS, file.replace(/json$/, "npz"))))
      .map((file) => file.slice(0, -5))
      .sort()
  : [];

/** A network of another framework, and what it did there. */
export interface Foreign {
  readonly network: SpikingNetwork;
  /** [states, observation], or where it changes [steps, states, observation]. */
  readonly x: Float32Array;
  readonly changing?: boolean;
  readonly states: number;
  /** Per layer [steps, states, neurons], counts. */
  readonly spikes: readonly ArrayLike<number>[];
}

/** One of them, as the library reads it. */
export async function foreign(name: string): Promise<Foreign> {
  const { network, recording } = await loadRecorded(join(NETWORKS, `${name}.json`));
  const { inputs, changing, states, spikes } = recording;
  if (!inputs) throw new Error(`${name} has no inputs x.`);
  return { network, x: inputs, changing, states, spikes };
}
