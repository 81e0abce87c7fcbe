import type { LoadedHere, LocalEngine } from "../../network/engine.ts";
import { isSpiking, type Network } from "../../network/network.ts";
import { packParameters, withParameters } from "../../network/parameters.ts";
import { validateNetwork } from "../../network/validate.ts";
import { packageVersion } from "../../setup/version.ts";
import { ownMapping } from "../mapping.ts";
import { referenceEngine, referenceEngine32 } from "../reference/engine.ts";
import { loadArtificial } from "./artificial.ts";
import { lacking } from "./kernels/neurons.ts";
import { loadSpiking } from "./spiking.ts";

/**
 * The engine on the kernels (WASM SIMD, event-driven): the meaning of the reference engine, spike for spike, with the same bits at the same
 * precision. Float64 is for comparison with simulators that compute in it; networks without spikes are then the reference engine's.
 */
export function fastEngine(precision: "float32" | "float64" = "float32"): LocalEngine {
  return precision === "float64" ? double : single;
}

const single = engine("float32");
const double = engine("float64");

function engine(precision: "float32" | "float64"): LocalEngine {
  return {
    name: "fast",
    version: packageVersion(),
    precision,
    describe(network) {
      validateNetwork(network);
      const mapping = ownMapping("fast", precision, network);
      const reason = isSpiking(network) ? lacking(network) : undefined;
      if (reason === undefined) return mapping;
      return {
        ...mapping,
        notes: [...mapping.notes, `Computed by the reference engine, with the same bits: ${reason}.`],
      };
    },
    load(network: Network): LoadedHere {
      validateNetwork(network);
      if (isSpiking(network) && lacking(network) !== undefined)
        return (precision === "float32" ? referenceEngine32 : referenceEngine).load(network);
      if (isSpiking(network))
        return loadSpiking(withParameters(network, packParameters(network)), precision === "float32" ? 4 : 8);
      return precision === "float32" ? loadArtificial(network) : referenceEngine.load(network);
    },
    close() {},
  };
}
