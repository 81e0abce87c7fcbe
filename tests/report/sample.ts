import type { CartPoleReport } from "../../src/report/cartpole/facts.ts";
import { encodePng } from "../../src/report/images/png.ts";
import { Random } from "../../src/numeric/random.ts";
import type { SpikeEvents } from "../../src/network/engine.ts";

/** A plausible run for looking at the report's layout: made up from a seed, so never shown as a result. */
export function sampleReport(options: { mismatches?: number; passed?: boolean } = {}): CartPoleReport {
  const random = new Random(7);
  const steps = 128;
  const returns = Array.from({ length: 320 }, (_, i) =>
    Math.round(Math.min(500, 12 + (500 / (1 + Math.exp(-(i - 180) / 28))) * (0.45 + 0.7 * random.uniform()))),
  );
  const ours = [sampleSpikes(random, 40, steps), sampleSpikes(random, 36, steps)];
  const theirs = ours.map((e) => ({ state: e.state.slice(), step: e.step.slice(), neuron: e.neuron.slice() }));
  for (let i = 0; i < (options.mismatches ?? 0); i++) theirs[0].step[10 + 7 * i] += 1;
  const dqn = Float64Array.from(
    { length: 400 },
    (_, i) => 60 + 20 * Math.sin(Math.floor(i / 2)) + (i % 2) * 6 * random.normal(),
  );
  const snn = dqn.map((q) => q + 0.8 * random.normal());
  const walk = (slope: number, noise: number): Float64Array => {
    let v = 0;
    return Float64Array.from({ length: steps }, () => (v += slope + noise * random.normal()));
  };
  const saw = (rate: number, start: number): Float64Array =>
    Float64Array.from({ length: steps }, (_, t) => (start + rate * t) % 1.02);
  const out0 = walk(0.31, 0.2);
  const out1 = walk(0.325, 0.2);
  const poses = (length: number, sway: number): Float32Array =>
    Float32Array.from({ length: 2 * length }, (_, i) => {
      const t = Math.floor(i / 2) / 50;
      return i % 2 === 0
        ? sway * Math.sin(t / 1.7) + 0.2 * Math.sin(2.3 * t)
        : 0.06 * Math.sin(4.1 * t) + 0.03 * Math.cos(1.7 * t);
    });
  const grey = encodePng(new Uint8Array(300 * 200 * 3).fill(235), 300, 200);
  const passed = options.passed ?? true;
  return {
    summary: {
      environment: "CartPole-v1",
      seed: 0,
      finished: "2000-01-01T12:00:00.000Z",
      passed,
      missed: passed ? [] : ["The DQN's mean of 412.0 is below 475."],
      dqn: { mean: 498.3, std: 9.1, ci95: [496.5, 500], episodes: 100 },
      snn: {
        mean: 495.7,
        std: 14.2,
        ci95: [492.9, 498.5],
        episodes: 100,
        similarity: 0.9867,
        steps,
        spikesPerDecision: 1834.2,
        synOpsPerDecision: 64120.4,
      },
      certificate: {
        simulator: "NEST",
        version: "3.10.0",
        states: 100,
        steps,
        bins: 1638400,
        spikes: 183420,
        mismatchedBins: options.mismatches ?? 0,
        maxPotentialError: 0,
        actionsEqual: 1,
      },
      seconds: { setup: 0.4, train: 21.3, convert: 1.2, evaluate: 9.4, certify: 14.8, total: 47.1 },
      versions: { "dsqn": "0.1.0", "Node.js": "20.20.2", "Python": "3.11.7", "Gymnasium": "1.4.0", "NEST": "3.10.0" },
    },
    training: {
      returns,
      threshold: 475,
      evaluations: [60, 120, 180, 240, 300].map((episode) => ({
        episode,
        mean: Math.min(500, 30 + (episode / 240) ** 3 * 480),
      })),
      environmentSteps: 48211,
    },
    shape: [4, 64, 64, 2],
    episodes: [
      { name: "DQN", colour: "dqn", poses: poses(500, 0.8), steps: 500 },
      { name: "SNN", colour: "snn", poses: poses(412, 1.1), steps: 412 },
    ],
    frames: Array.from({ length: 6 }, (_, i) => ({ png: grey, alt: `step ${i * 100}`, width: 300, height: 200 })),
    qValues: { dqn, snn },
    sweep: [8, 16, 32, 64, 128, 256].map((T, i) => ({
      steps: T,
      similarity: 1 - 0.4 / (i + 1) ** 1.8,
      mean: 500 - 300 / (i + 1) ** 2,
      ci95: [490 - 310 / (i + 1) ** 2, Math.min(500, 505 - 290 / (i + 1) ** 2)],
    })),
    decision: {
      words: "the pole leans 3.2\u00b0 to the right, the cart 0.41 m left of the middle",
      ours,
      theirs,
      steps,
      output: [
        { name: "left", values: out0, colour: "dqn", simulatorEnd: out0[steps - 1] },
        { name: "right", values: out1, colour: "snn", simulatorEnd: out1[steps - 1] },
      ],
      hidden: [
        { name: "n 12", values: saw(0.09, 0), colour: "snn" },
        { name: "n 3", values: saw(0.03, 0.2), colour: "muted" },
      ],
    },
    mapping: {
      name: "nest-if-subtraction",
      simulator: "NEST",
      step: 1,
      resolution: 1,
      input: "One weighted spike per step from a spike_generator.",
      ties: "A neuron fires strictly above its threshold.",
      layers: [0, 1, 2].map((layer) => ({
        layer,
        model: layer < 2 ? "eprop_iaf" : "iaf_psc_delta",
        parameters: { V_th: 1, tau_m: 1e300, t_ref: 0 },
        weights: { unit: "mV", factor: 1 },
        delay: layer ? 2 : 1,
      })),
      exact: true,
      notes: ["tau_m = 1e300, so that exp(-h/tau_m) is exactly 1."],
    },
    files: { dqn: "runs/latest/dqn.safetensors", snn: "runs/latest/snn.safetensors", replay: "runs/latest/replay" },
    cli: "npm run -s dsqn --",
  };
}

function sampleSpikes(random: Random, neurons: number, steps: number): SpikeEvents {
  const step: number[] = [];
  const neuron: number[] = [];
  const rates = Array.from({ length: neurons }, () => random.uniform() ** 2 * 0.9);
  for (let t = 0; t < steps; t++)
    for (let n = 0; n < neurons; n++)
      if (Math.floor(rates[n] * (t + 1)) > Math.floor(rates[n] * t)) {
        step.push(t);
        neuron.push(n);
      }
  return { state: new Int32Array(step.length), step: Int32Array.from(step), neuron: Int32Array.from(neuron) };
}
