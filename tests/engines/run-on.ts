import type { LocalEngine, Observations, RunOptions, RunResult } from "../../src/network/engine.ts";
import type { Network } from "../../src/network/network.ts";

/** One run of a network on an engine, and nothing left of it. */
export function runOn(
  engine: LocalEngine,
  network: Network,
  observations: Observations,
  options?: RunOptions,
): RunResult {
  const loaded = engine.load(network);
  try {
    return loaded.run(observations, options);
  } finally {
    loaded.close();
  }
}
