import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { cartPoleAnimation, cartPoleStill } from "../../src/report/images/cartpole.ts";
import { dotRows } from "../../src/report/plots/dot-rows.ts";
import { learningCurve, trailingMean } from "../../src/report/plots/learning-curve.ts";
import { membraneTraces } from "../../src/report/plots/membranes.ts";
import { actionMargins, qValueScatter } from "../../src/report/plots/q-values.ts";
import { spikeRaster } from "../../src/report/plots/raster.ts";
import { scoreBars } from "../../src/report/plots/scores.ts";
import { scoreSweep, similaritySweep } from "../../src/report/plots/sweep.ts";
import { colours, standalone, type Scheme } from "../../src/report/theme.ts";
import type { SpikeEvents } from "../../src/network/engine.ts";
import { sampleReport } from "./sample.ts";
import { assertWellFormed, pathsStyled } from "./svg.ts";

const sample = sampleReport();

const drawings: Record<string, (width?: number) => string> = {
  "learning curve": (width) => learningCurve(sample.training, width),
  "raster": (width) => spikeRaster({ ...sample.decision, simulator: "NEST" }, width),
  "Q-values": (width) => qValueScatter({ ...sample.qValues, actions: 2 }, width),
  "margins": (width) => actionMargins({ ...sample.qValues, actions: 2 }, width),
  "scores": (width) => scoreBars({ scores: [{ name: "DQN", ...sample.summary.dqn }], limit: 500 }, width),
  "similarity": (width) => similaritySweep(sample.sweep, width),
  "score against T": (width) => scoreSweep({ points: sample.sweep, source: 498 }, width),
  "rows of dots": (width) =>
    dotRows(
      {
        x: "equal actions, %",
        series: [
          { name: "thesis", colour: "muted" },
          { name: "run again", colour: "nest" },
        ],
        rows: [
          { name: "DQN", values: [61.61, 55.03] },
          { name: "policy gradient", values: [87.24, null] },
        ],
      },
      width,
    ),
  "membranes": (width) => membraneTraces({ traces: sample.decision.hidden, threshold: 1 }, width),
  "animation": () => cartPoleAnimation(sample.episodes),
  "still": () => cartPoleStill(sample.episodes),
};

describe.each(Object.entries(drawings))("the drawing of %s", (_name, draw) => {
  it.each([undefined, 340])(
    "is well-formed SVG at width %s, says what it shows, and has no coordinate that is not a number",
    (width) => {
      const svg = draw(width);
      assertWellFormed(svg);
      expect(svg).toMatch(/^<svg [^>]*role="img"/);
      expect(/aria-label="([^"]{20,})"/.exec(svg)).not.toBeNull();
      expect(svg.replace(/aria-label="[^"]*"/g, "")).not.toMatch(/NaN|undefined|Infinity/);
    },
  );

  it("is a file of its own with the colours of a scheme", () => {
    const svg = standalone(draw(), "dark");
    assertWellFormed(svg);
    for (const [, name] of svg.matchAll(/var\(--(\w+)\)/g))
      expect(svg).toContain(`--${name}:${colours[name as keyof typeof colours].dark}`);
  });
});

describe("mean of the last 100", () => {
  it("equals the mean written out, at every episode", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (values, window) => {
          trailingMean(values, window).forEach((value, i) => {
            const last = values.slice(Math.max(0, i + 1 - window), i + 1);
            expect(value).toBeCloseTo(last.reduce((a, b) => a + b, 0) / last.length, 9);
          });
        },
      ),
    );
  });
});

describe("spike raster", () => {
  const events = (spikes: readonly (readonly [step: number, neuron: number])[], state = 0): SpikeEvents => ({
    state: new Int32Array(spikes.length).fill(state),
    step: Int32Array.from(spikes, ([step]) => step),
    neuron: Int32Array.from(spikes, ([, neuron]) => neuron),
  });
  const moves = (path: string): number => (path.match(/M/g) ?? []).length;
  const shape = (svg: string): { dots: number; rings: number; odd: number } => ({
    dots: moves(pathsStyled(svg, "--snn")),
    rings: moves(pathsStyled(svg, "--nest")),
    odd: moves(pathsStyled(svg, "--alarm")),
  });

  it("draws a dot for each spike of ours, a ring for each of the simulator's, and nothing red when they agree", () => {
    const spikes = events([
      [0, 3],
      [1, 3],
      [1, 5],
      [9, 0],
    ]);
    expect(shape(spikeRaster({ ours: [spikes], theirs: [spikes], steps: 10 }))).toEqual({ dots: 4, rings: 4, odd: 0 });
  });

  it("marks both bins of a spike that moved by one step", () => {
    const svg = spikeRaster({
      ours: [
        events([
          [0, 3],
          [4, 3],
        ]),
      ],
      theirs: [
        events([
          [0, 3],
          [5, 3],
        ]),
      ],
      steps: 10,
    });
    expect(shape(svg)).toEqual({ dots: 2, rings: 2, odd: 2 });
    expect(svg).toContain("2 bins differ");
  });

  it("never leaves out a mismatch, however quiet its neuron", () => {
    const busy = Array.from({ length: 60 }, (_, i) => [i % 10, Math.floor(i / 10)] as const);
    const svg = spikeRaster({ ours: [events([...busy, [3, 50]])], theirs: [events(busy)], steps: 10, showNeurons: 2 });
    expect(shape(svg).odd).toBe(1);
  });

  it("shows one state and the first steps only", () => {
    const both = { state: Int32Array.of(0, 0, 1), step: Int32Array.of(2, 80, 2), neuron: Int32Array.of(0, 0, 0) };
    expect(shape(spikeRaster({ ours: [both], steps: 100, showSteps: 64 })).dots).toBe(1);
  });
});

describe("action margins", () => {
  it("counts the states in which the two choose differently", () => {
    const svg = actionMargins({ dqn: [1, 2, 2, 1, 5, 1], snn: [1, 3, 1, 2, 4, 2], actions: 2 });
    expect(svg).toContain("they choose differently in 1 of 3 states");
  });
});

describe("animation of CartPole", () => {
  it("moves as recorded: screen position proportional to the cart's, rotation the pole's angle in degrees", () => {
    const poses = Float32Array.of(0, 0, 1.2, 0.1, -2.4, -0.2, 2.4, 0.2);
    const svg = cartPoleAnimation([{ name: "a", colour: "snn", poses, steps: 4 }]);
    const values = (type: string): string[] =>
      new RegExp(`type="${type}"[^>]*values="([^"]*)"`).exec(svg)![1].split(";");
    expect(values("translate").map((v) => Number(v.split(" ")[0]))).toEqual([360, 2]); // every second step
    expect(values("rotate").map(Number)).toEqual([0, -11.5]);
    expect(svg).toContain('dur="0.08s"');
  });
});

describe("colours", () => {
  const luminance = (hex: string): number => {
    const [r, g, b] = [1, 3, 5]
      .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: string, b: string): number => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };

  it.each(["light", "dark"] as const)("can be read on paper and panel in the %s scheme (WCAG AA)", (scheme: Scheme) => {
    for (const name of ["ink", "muted", "dqn", "snn", "nest", "alarm"] as const)
      for (const ground of ["paper", "panel"] as const)
        expect([name, ground, contrast(colours[name][scheme], colours[ground][scheme]) >= 4.5]).toEqual([
          name,
          ground,
          true,
        ]);
  });
});
