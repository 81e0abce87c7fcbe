import { describe, expect, it } from "@jest/globals";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { observationSize, spikingLayers, type SpikingNetwork } from "../../src/network/network.ts";
import { spikingNetwork, type Weighted } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { certifyNetworks, type Subject } from "../../src/simulators/certificate.ts";
import { eventsIn, statesIn } from "../../src/simulators/evidence.ts";
import { parseCertificate } from "../../src/simulators/read-certificate.ts";
import { eventsOf, type RecordedRun } from "../../src/simulators/recorded.ts";
import { renderCertificate } from "../../src/simulators/render.ts";

const [STATES, STEPS] = [4, 20];
const random = Random.stream(5, "against");
const normal = (n: number, scale: number): Float32Array =>
  Float32Array.from({ length: n }, () => scale * random.normal());
const dense = (inputs: number, outputs: number, scale = 1): Weighted => ({
  synapses: { kind: "dense", inputs, outputs },
  weights: normal(inputs * outputs, scale),
});
const network = spikingNetwork([dense(3, 8), dense(8, 4)], {
  neuron: neuron("lif", { beta: 0.9, reset: "delayed-subtraction" }),
  decoding: "spikes",
  steps: STEPS,
});
const inputs = normal(STATES * 3, 1);

/** What our own float32 engine does, as somebody's recording. */
function recording(of: SpikingNetwork, x: Float32Array, changing = false): RecordedRun {
  const run = referenceEngine32.load(of).run(x, { recordSpikes: true, recordPotentials: true, changing });
  const layers = of.layers.slice(0, spikingLayers(of)).map(outputsOf);
  const spikes = layers.map((n, l) => {
    const counts = new Uint8Array(STEPS * STATES * n);
    const { state, step, neuron: at } = run.spikes![l];
    state.forEach((b, k) => counts[(step[k] * STATES + b) * n + at[k]]++);
    return counts;
  });
  const potentials = of.layers.map(outputsOf).map((n, l) =>
    Float32Array.from({ length: STEPS * STATES * n }, (_, k) => {
      const [t, b, j] = [Math.floor(k / n / STATES), Math.floor(k / n) % STATES, k % n];
      return run.membranes![l][(b * STEPS + t) * n + j];
    }),
  );
  return { by: "snntorch", version: "1.0.0", states: STATES, steps: STEPS, spikes, potentials };
}

const judge = (subject: Partial<Subject>, more: object = {}) =>
  certifyNetworks([{ name: "net", network, inputs, source: "recorded", ...subject }], 1, {
    engine: referenceEngine,
    ...more,
  });

describe("a recording as judge", () => {
  it("is equal bin by bin, and its certificate holds states and hashes, read again as it was written", async () => {
    const run = recording(network, inputs);
    const certificate = await judge({ recording: run }, { spikes: true });
    expect(certificate).toMatchObject({
      format: 2,
      simulator: "snntorch",
      version: "1.0.0",
      passed: true,
      mismatchedBins: 0,
    });
    expect(certificate.columns).toMatchObject([{ recorded: true, potentials: true }]);
    const read = parseCertificate(JSON.stringify(certificate));
    expect(read).toEqual(JSON.parse(JSON.stringify(certificate)));
    const [{ input, layers }] = read.results;
    expect(statesIn(input!)).toEqual(inputs);
    expect(layers!.map(eventsIn)).toEqual(run.spikes.map((counts) => eventsOf(counts, STEPS, STATES)));
  });

  it("names the first bin that differs with both potentials around it", async () => {
    const run = recording(network, inputs);
    const changed = run.spikes.map((counts) => Uint8Array.from(counts));
    const [t, b, j] = [7, 2, 3];
    changed[1][(t * STATES + b) * 4 + j] ^= 1;
    const certificate = await judge({ recording: { ...run, spikes: changed } });
    const [{ firstMismatch }] = certificate.results;
    expect(certificate).toMatchObject({ passed: false, mismatchedBins: 1 });
    expect(firstMismatch).toMatchObject({ state: b, layer: 1, neuron: j, step: t, around: { step: 5 } });
    expect(firstMismatch!.reason).toMatch(/no order of float32 sums explains/);
    const { ours, theirs } = firstMismatch!.around!;
    expect(ours).toHaveLength(5);
    ours.forEach((v, k) => expect(theirs[k]).toBeCloseTo(v, 4));
    expect(renderCertificate(certificate)).toMatch(/state 2, layer 1, neuron 3, step 7/);
  });

  it("and where the order of float32 sums decides a bin, says so", async () => {
    const weights = Float32Array.of(0.1, 0.2, 0.3);
    const sum = weights.reduce((a, w) => a + w, 0);
    const one = spikingNetwork([{ synapses: { kind: "dense", inputs: 3, outputs: 1 }, weights }], {
      // Above our sum by less than float32 can tell.
      neuron: neuron("lif", { beta: 0, threshold: sum + 1e-9 }),
      decoding: "spikes",
      steps: 1,
    });
    const run = { by: "norse", version: "1", states: 1, steps: 1, spikes: [Uint8Array.of(1)], potentials: [null] };
    const certificate = await judge({ network: one, inputs: Float32Array.of(1, 1, 1), recording: run });
    expect(certificate.results[0].firstMismatch!.reason).toMatch(/near tie.*order of float32 sums/);
    expect(certificate.columns![0].potentials).toBe(false);
  });

  it.each(["potential", "max-potential", "mean-potential"] as const)(
    "reads the output's %s where it was recorded, and judges no actions where not",
    async (decoding) => {
      const own = { ...network, coding: { ...network.coding, decoding } };
      const run = recording(own, inputs);
      // What the output layer sends is not read, and so not recorded.
      expect(run.spikes).toHaveLength(own.layers.length - 1);
      const certificate = await judge({ network: own, recording: run });
      expect(certificate).toMatchObject({ passed: true, actionsEqual: 1, mismatchedBins: 0 });
      const unread = {
        ...run,
        potentials: run.potentials.map((kept, l) => (l === own.layers.length - 1 ? null : kept)),
      };
      const silent = await judge({ network: own, recording: { ...unread, by: "recording", version: "" } });
      expect(renderCertificate(silent)).toMatch(/^recording: the same network[^]*Spikes that recording made/);
      expect(silent).toMatchObject({ passed: true, mismatchedBins: 0 });
      expect(renderCertificate(silent)).toMatch(/error +not recorded there[^]*actions equal +not recorded there/);
    },
  );

  it("sees input that changes", async () => {
    const x = normal(STEPS * STATES * observationSize(network), 1);
    const certificate = await judge({ inputs: x, changing: true, recording: recording(network, x, true) });
    expect(certificate).toMatchObject({ passed: true, states: STATES });
    expect(certificate.results[0].input!.shape).toEqual([STEPS, STATES, 3]);
  });

  it.each([
    ["fewer steps", { steps: 10 }, /10 steps.*20/],
    [
      "another network",
      { spikes: [new Uint8Array(STEPS * STATES * 8), new Uint8Array(STEPS * STATES * 5)] },
      /Layer 1.*5 neurons/,
    ],
    ["fewer layers", { spikes: [new Uint8Array(STEPS * STATES * 8)] }, /1 layers.*2/],
  ] as const)("of %s is refused: what, where, what to do", async (_what, change, says) => {
    const run = { ...recording(network, inputs), ...change } as RecordedRun;
    await expect(judge({ recording: run })).rejects.toMatchObject({
      code: "SPIKES_MISMATCH",
      message: expect.stringMatching(says) as unknown as string,
      hint: expect.any(String) as unknown as string,
    });
  });
});

describe("a certificate that was damaged", () => {
  const whole = async () => JSON.parse(JSON.stringify(await judge({ recording: recording(network, inputs) }, { spikes: true }))) as Record<string, never>; // prettier-ignore
  const set = (path: string, value: unknown) => (json: Record<string, never>) => {
    const keys = path.split(".");
    const last = keys.pop()!;
    const at = keys.reduce<Record<string, never>>((inner, key) => inner[key], json);
    (at as Record<string, unknown>)[last] = value;
  };

  it.each([
    ["format", set("format", 3), /knows 1 and 2/],
    ["a field too many", set("comment", "hello"), /comment/],
    ["a state that was changed", (json: Record<string, never>) => set("results.0.input.values", `AAAA${(json.results[0] as { input: { values: string } }).input.values.slice(4)}`)(json), /states of "net"/], // prettier-ignore
    ["a spike that was left out", set("results.0.layers.0.events", ""), /spikes of layer 0/],
    ["a hash", set("results.0.layers.1.sha256", "00"), /sha256/],
    ["a sum", set("spikes", 1), /spikes is 1/],
    ["a judgement", set("results.0.mismatchedBins", 3), /mismatchedBins/],
    ["passed where bins differ", (json: Record<string, never>) => { set("mismatchedBins", 1)(json); set("results.0.mismatchedBins", 1)(json); }, /says passed/], // prettier-ignore
    ["no results", set("results", []), /results/],
    ["a date", set("date", "yesterday"), /date/],
    ["format 1 with fields of format 2", set("format", 1), /columns|input|assumed|Unrecognized/],
  ] as const)("%s: refused", async (_what, damage, says) => {
    const json = await whole();
    damage(json);
    expect(() => parseCertificate(JSON.stringify(json), "c.json")).toThrow(
      expect.objectContaining({
        code: "CERTIFICATE_INVALID",
        message: expect.stringMatching(says) as unknown as string,
      }),
    );
  });

  it("one of format 1 is read", async () => {
    const { columns: _columns, assumed: _assumed, results, ...rest } = await whole();
    const old = (results as Record<string, unknown>[]).map(({ input: _input, layers: _layers, ...result }) => result);
    const { format } = parseCertificate(JSON.stringify({ ...(rest as object), format: 1, results: old }));
    expect(format).toBe(1);
  });
});
