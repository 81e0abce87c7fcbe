export {
  certifyNetworks,
  type Certificate,
  type CertifyOptions,
  type NetworkCertificate,
  type Subject,
  type Exhibit,
} from "./certificate.ts";
export { compareRuns, NEAR_TIE, type Comparison, type FirstMismatch } from "./compare.ts";
export { randomNetwork, randomStates, type FuzzOptions } from "./fuzz.ts";
export { networkHash } from "./hash.ts";
export { withInputNeurons, type InputOptions, type InputPlace } from "./spinnaker/input-layer.ts";
export { placeNetwork, placeNetworks, type BoardMap, type PlaceOptions } from "./spinnaker/place.ts";
export { simulators, type SimulatorName } from "./names.ts";
export { openSimulator, type OpenOptions } from "./open.ts";
export { simulatorPolicy, type SimulatorPolicy } from "./policy.ts";
export type { LayerMapping, Mapping, SimulationOptions, SimulationResult, Simulator } from "./simulator.ts";
