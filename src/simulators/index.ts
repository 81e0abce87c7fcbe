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
export { registerSimulators, simulators, type Settings, type SimulatorKind } from "./names.ts";
export { openSimulator, type OpenOptions } from "./open.ts";
