import { describe, expect, it } from "@jest/globals";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import type { Engine } from "../../src/network/engine.ts";
import { certifyNetworks, type Certificate, type Subject } from "../../src/simulators/certificate.ts";
import { randomNetwork, randomStates } from "../../src/simulators/fuzz.ts";
import { parseCertificate } from "../../src/simulators/read-certificate.ts";
import { checkCertificate } from "../../src/web/certificate.ts";

const STATES = 6;
// The reference engine under another name: what NEST's spikes are is tested in tests/simulators; here it is what a certificate holds of them.
const judge: Engine = { ...referenceEngine, name: "judge" };
const subjects = Array.from({ length: 8 }, (_, k): Subject => {
  const network = randomNetwork(k, { seed: 3, steps: 24 });
  return { name: `network-${k}`, network, inputs: randomStates(network, k, STATES, { seed: 3 }), source: "random" };
});
const models = subjects.map(({ network }) => ({ network }));

const options = { simulator: judge, engine: referenceEngine, seed: 7, spikes: true };
const text = JSON.stringify(await certifyNetworks(subjects, subjects.length, options));
const certificate: Certificate = parseCertificate(text);

/** The certificate with one field of one layer's evidence changed, as a liar would. */
function altered(change: Record<string, unknown>): Certificate {
  const copy = structuredClone(certificate) as unknown as { results: { layers: Record<string, unknown>[] }[] };
  Object.assign(copy.results[4].layers[0], change);
  return copy as unknown as Certificate;
}

describe("a certificate computed again", () => {
  it("finds every spike of every network, whatever its encoding", async () => {
    const seen: number[] = [];
    const result = await checkCertificate(certificate, models, { onProgress: ({ done }) => seen.push(done) });
    expect(new Set(subjects.map(({ network }) => network.coding.encoding)).size).toBeGreaterThan(2);
    expect(result.networks.map(({ missing }) => missing)).toEqual(subjects.map(() => undefined));
    expect(result.equal).toBe(true);
    expect(result.networks.flatMap(({ layers }) => layers).every(({ equal }) => equal)).toBe(true);
    expect(seen.at(-1)).toBe(STATES);
  });

  it("says so where the hash or the number of spikes is another", async () => {
    const { spikes } = certificate.results[4].layers![0];
    for (const change of [{ sha256: "0".repeat(64) }, { spikes: spikes + 1 }]) {
      const { equal, networks } = await checkCertificate(altered(change), models);
      expect(equal).toBe(false);
      expect(networks.filter((network) => !network.equal).map(({ name }) => name)).toEqual(["network-4"]);
    }
  });

  it("names the first spike that differs where the certificate holds the spikes", async () => {
    const { events, spikes } = certificate.results[4].layers![0];
    const bytes = Buffer.from(events!, "base64");
    const [state, step, neuron] = [0, 4, 8].map((at) => bytes.readInt32LE(12 + at));
    const without = Buffer.concat([bytes.subarray(0, 12), bytes.subarray(24)]).toString("base64");
    const lie = { events: without, spikes: spikes - 1, sha256: "1".repeat(64) };
    const { networks } = await checkCertificate(altered(lie), models);
    expect(networks[4].layers[0].firstDifference).toEqual({ state, step, neuron, only: "ours" });
  });

  it("goes on where a model is missing or is another one", async () => {
    const { network } = models[2];
    const layers = network.layers.map((layer) => ({ ...layer, weights: layer.weights.map((w) => w * 1.001) }));
    const given = models.map((model, k) => (k === 2 ? { network: { ...network, layers } } : model));
    const { equal, networks } = await checkCertificate(certificate, given);
    expect(equal).toBe(false);
    expect(networks[2].missing).toBe("No model with this hash was given.");
    expect(networks.filter((one) => one.equal)).toHaveLength(7);
    // The same model under the hash that the certificate names: then it is the spikes that tell.
    const { sha256 } = networks[2];
    const forged = await checkCertificate(certificate, [...given, { network: given[2].network, sha256 }]);
    expect(forged.networks[2].layers.some((layer) => !layer.equal)).toBe(true);
  });
});
