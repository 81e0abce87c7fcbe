import { renderCertificatePage } from "../../src/report/certificate.ts";
import { certifyNetworks, type Certificate, type Exhibit } from "../../src/simulators/certificate.ts";
import { engineSimulator } from "../../src/simulators/engine.ts";
import type { Simulator } from "../../src/simulators/simulator.ts";
import { Random } from "../../src/numeric/random.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

const network = createSpikingNetwork([4, 120, 20, 3], new Random(1), { steps: 40, weightScale: 4 });

/** The reference engine as judge of itself, `change`d on its way. */
function judge(change: (network: SpikingNetwork) => SpikingNetwork = (same) => same): Simulator {
  const simulator = engineSimulator(referenceEngine);
  return { ...simulator, name: "judge", load: (given, mapping) => simulator.load(change(given), mapping) };
}

async function certify(simulator: Simulator): Promise<{ certificate: Certificate; exhibits: Exhibit[] }> {
  const inputs = Float32Array.from({ length: 4 * 5 }, (_, i) => 0.4 * Math.sin(i) ** 3);
  const subject = { name: "agent <1>", network, inputs, source: "random" as const };
  const exhibits: Exhibit[] = [];
  const certificate = await certifyNetworks([subject], 1, {
    simulator,
    engine: referenceEngine,
    onExhibit: (exhibit) => exhibits.push(exhibit),
  });
  return { certificate, exhibits };
}

describe("a certificate's page", () => {
  it("shows the first decision, the mapping and the hash of what passed", async () => {
    const { certificate, exhibits } = await certify(judge());
    expect(exhibits).toHaveLength(1);
    expect(exhibits[0]).toMatchObject({ state: 0, mismatch: null });
    const page = renderCertificatePage({ certificate, exhibit: exhibits[0], command: "dsqn certify agent" });
    expect(page).toContain("The same network in judge");
    expect(page).toMatch(/judge[^;"]*&#39;s lie in the same bins|judge [\d.]+'s lie in the same bins/);
    expect(page).toContain(certificate.results[0].sha256);
    expect(page).toContain("current-based LIF");
    expect(page).toContain("agent &lt;1&gt;");
    expect(page).not.toContain("Where they part");
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  it("shows where a network parts, the decision in which it does, and why", async () => {
    const { certificate, exhibits } = await certify(
      judge((given) => ({
        ...given,
        layers: given.layers.map((layer, l) => (l === 1 ? { ...layer, threshold: 1.02 } : layer)),
      })),
    );
    const first = certificate.results[0].firstMismatch!;
    expect(first).toMatchObject({ layer: 1 });
    const shown = exhibits.at(-1)!;
    expect(shown.mismatch).not.toBeNull();
    expect([...shown.ours[1].state].every((state) => state === shown.state)).toBe(true);
    const page = renderCertificatePage({ certificate, exhibit: shown });
    expect(page).toContain("Not the same network");
    expect(page.replace(/\s+/g, " ")).toContain(
      `state ${first.state}, layer 1, neuron ${first.neuron}, step ${first.step}`,
    );
    expect(page).toContain("weights, delay or neuron differ");
    expect(page).toMatch(/[1-9]\d* bins differ from judge/);
  });

  it("leaves out neurons that differ late where too many do", async () => {
    const { certificate, exhibits } = await certify(
      judge((given) => ({ ...given, layers: given.layers.map((layer) => ({ ...layer, reset: "zero" as const })) })),
    );
    const page = renderCertificatePage({ certificate, exhibit: exhibits.at(-1)! });
    const differing = new Set<number>();
    const [ours, theirs] = [exhibits.at(-1)!.ours[0], exhibits.at(-1)!.theirs[0]];
    const keys = (e: typeof ours): Set<string> =>
      new Set(Array.from(e.step.keys(), (k) => `${e.step[k]} ${e.neuron[k]}`));
    for (const [a, b] of [
      [ours, keys(theirs)],
      [theirs, keys(ours)],
    ] as const)
      for (let k = 0; k < a.step.length; k++) if (!b.has(`${a.step[k]} ${a.neuron[k]}`)) differing.add(a.neuron[k]);
    expect(differing.size).toBeGreaterThan(40);
    expect(page).toContain("more neurons differ, later than these");
  });
});
