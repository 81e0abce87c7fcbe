import { renderCertificatePage } from "../../src/report/certificate.ts";
import { certifyNetworks, type Certificate, type Exhibit } from "../../src/simulators/certificate.ts";
import { DsqnError } from "../../src/errors.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import type { Engine } from "../../src/network/engine.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { type LaggedLif, neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";

const network = createSpikingNetwork([4, 120, 20, 3], new Random(1), { steps: 40, weightScale: 4 });

/** The reference engine as judge of itself, `change`d on its way. */
function judge(change: (neuron: LaggedLif, l: number) => LaggedLif = (same) => same): Engine {
  const changed = ({ layers, ...rest }: SpikingNetwork): SpikingNetwork => ({
    ...rest,
    layers: layers.map((layer, l) => ({ ...layer, activation: change(layer.activation as LaggedLif, l) })),
  });
  return { ...referenceEngine, name: "judge", load: (given) => referenceEngine.load(changed(given as SpikingNetwork)) };
}

const inputsOf = (states: number): Float32Array =>
  Float32Array.from({ length: 4 * states }, (_, i) => 0.4 * Math.sin(i) ** 3);

async function certify(simulator: Engine): Promise<{ certificate: Certificate; exhibits: Exhibit[] }> {
  const subject = { name: "agent <1>", network, inputs: inputsOf(5), source: "random" as const };
  const exhibits: Exhibit[] = [];
  const certificate = await certifyNetworks([subject], 1, {
    simulator,
    engine: referenceEngine,
    onExhibit: (exhibit) => exhibits.push(exhibit),
  });
  return { certificate, exhibits };
}

describe("a certificate's page", () => {
  it("says who computed what where a recording and several judges are compared, and both potentials where one differs", async () => {
    const { spikes, membranes } = referenceEngine
      .load(network)
      .run(inputsOf(5), { recordSpikes: true, recordPotentials: true });
    const counts = spikes!.map(({ state, step, neuron: at }, l) => {
      const n = membranes![l].length / 5 / 40;
      const own = new Uint8Array(40 * 5 * n);
      state.forEach((b, k) => (own[(step[k] * 5 + b) * n + at[k]] = 1));
      return own;
    });
    counts[1][(20 * 5 + 3) * 20 + 7] ^= 1;
    const recording = {
      by: "snntorch",
      version: "1.0.0",
      states: 5,
      steps: 40,
      spikes: counts,
      potentials: [null, null],
    };
    const refusing: Engine = {
      ...judge(),
      name: "chip",
      describe: () => {
        throw new DsqnError("MAPPING_IMPOSSIBLE", "Layer 0 is too wide.");
      },
    };
    const subject = { name: "agent", network, inputs: inputsOf(5), source: "recorded" as const, recording };
    const certificate = await certifyNetworks([subject], 1, {
      simulator: judge(),
      others: [refusing],
      engine: referenceEngine,
      assumed: ["reset_delay True"],
    });
    expect(certificate).toMatchObject({ simulator: "snntorch", passed: false, mismatchedBins: 1 });
    expect(certificate.columns).toMatchObject([
      { simulator: "snntorch", passed: false, potentials: false },
      { simulator: "judge", passed: true, results: [{ mismatchedBins: 0 }] },
      { simulator: "chip", passed: false, failure: { code: "MAPPING_IMPOSSIBLE" } },
    ]);
    const page = renderCertificatePage({ certificate });
    expect(page).toContain("Not the same network in snnTorch 1.0.0");
    expect(page).toContain("Who computed what");
    expect(page).toContain("Layer 0 is too wide.");
    expect(page).toContain("reset_delay True");
    expect(page).toMatch(/After steps 18–22: ours [-\d.]+/);
    expect(page).toContain("theirs\n      ?, ?, ?, ?, ?");
  });

  it("shows the first decision, the mapping and the hash of what passed", async () => {
    const { certificate, exhibits } = await certify(judge());
    expect(exhibits).toHaveLength(1);
    expect(exhibits[0]).toMatchObject({ state: 0, mismatch: null });
    const page = renderCertificatePage({ certificate, exhibit: exhibits[0], command: "dsqn certify agent" });
    expect(page).toContain("The same network in judge");
    expect(page).toMatch(/judge[^;"]*&#39;s lie in the same bins|judge [\d.]+'s lie in the same bins/);
    expect(page).toContain(certificate.results[0].sha256);
    expect(page).toContain("<code>lagged-lif</code>");
    expect(page).toContain("agent &lt;1&gt;");
    expect(page).not.toContain("Where they part");
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  it("shows where a network parts, the decision in which it does, and why", async () => {
    const { certificate, exhibits } = await certify(judge((own, l) => (l === 1 ? { ...own, threshold: 1.02 } : own)));
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
    const { certificate, exhibits } = await certify(judge(() => neuron("lagged-lif", { reset: "zero" })));
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
