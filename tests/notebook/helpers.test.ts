// tier: python
import { describe, expect, it } from "@jest/globals";
import { inflateSync } from "node:zlib";
import { kindOf, loadDenseNetwork, loadSpikingNetwork, policyOf, referenceEngine } from "../../src/index.ts";
import { figure, filmStrip, markdownTable, membraneTrace, playEpisode } from "../../src/notebook/index.ts";
import { learningCurve, linePlot, mountainCarAnimation, policyMap } from "../../src/report/index.ts";

describe("a figure", () => {
  it("has its own paper and light colours, whatever the viewer's ground", () => {
    const svg = figure(learningCurve({ returns: [1, 2, 3] }));
    expect(svg).toMatch(/^<svg xmlns=/);
    expect(svg).toContain("--paper:#ffffff");
    expect(svg).not.toContain("prefers-color-scheme");
  });
});

describe("a table in Markdown", () => {
  it("has a column per key, numbers to the right, bars escaped, nothing for undefined", () => {
    const rows = [
      { name: "a|b", score: 1 },
      { name: "c", score: undefined },
    ];
    expect(markdownTable(rows)).toBe("| name | score |\n| --- | ---: |\n| a\\|b | 1 |\n| c |  |");
  });
});

describe("a film strip", () => {
  /** The pixels of an 8-bit RGB PNG whose rows are filtered by "none" or "up". */
  const decode = (png: Buffer): { width: number; height: number; pixels: number[] } => {
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const parts: Buffer[] = [];
    for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
      if (png.toString("latin1", at + 4, at + 8) === "IDAT")
        parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    const raw = inflateSync(Buffer.concat(parts));
    const row = 3 * width;
    const pixels: number[] = [];
    for (let y = 0; y < height; y++) {
      const filter = raw[y * (row + 1)];
      expect([0, 2]).toContain(filter);
      for (let i = 0; i < row; i++)
        pixels.push((raw[y * (row + 1) + 1 + i] + (filter === 2 && y > 0 ? pixels[(y - 1) * row + i] : 0)) & 255);
    }
    return { width, height, pixels };
  };

  it("puts pictures side by side, grey ones and coloured ones, enlarged, white between them", () => {
    const grey = { width: 1, height: 1, data: Uint8Array.of(7) };
    const red = { width: 1, height: 1, data: Uint8Array.of(200, 0, 0) };
    const { width, height, pixels } = decode(filmStrip([grey, red], 2));
    expect([width, height]).toEqual([2 + 8 + 2, 2]);
    const at = (x: number, y: number): number[] => pixels.slice(3 * (y * width + x), 3 * (y * width + x) + 3);
    expect([at(0, 0), at(1, 1), at(5, 0), at(10, 0), at(11, 1)]).toEqual([
      [7, 7, 7],
      [7, 7, 7],
      [255, 255, 255],
      [200, 0, 0],
      [200, 0, 0],
    ]);
  });
});

describe("the membrane of one neuron", () => {
  it("is cut out of what a run recorded, for any state", async () => {
    const network = await loadSpikingNetwork("models/cartpole-dsqn.safetensors");
    const states = Float32Array.of(0.1, 0, -0.1, 0, -0.2, 0.3, 0.05, 0.1);
    const run = referenceEngine.load(network).run(states, { recordPotentials: true });
    for (const state of [0, 1])
      for (const neuron of [0, 1])
        expect(membraneTrace(network, run, { layer: 2, neuron, state }).at(-1)).toBe(
          run.potentials[2 * state + neuron],
        );
    expect(membraneTrace(network, run, { layer: 0, neuron: 3 })).toHaveLength(network.coding.steps);
  });
});

describe("networks by kind", () => {
  it("are loaded, or refused with the kind that the file holds", async () => {
    expect(kindOf(await loadDenseNetwork("models/cartpole-dqn.safetensors"))).toBe("dense");
    const wrong = { code: "MODEL_KIND", message: expect.stringContaining("holds a dense network") as unknown };
    await expect(loadSpikingNetwork("models/cartpole-dqn.safetensors")).rejects.toMatchObject(wrong);
    await expect(loadDenseNetwork("models/cartpole-dsqn.safetensors")).rejects.toMatchObject({ code: "MODEL_KIND" });
  });
});

describe("an episode to look at", () => {
  it("is the one that evaluation plays from the same seed, with pictures if asked for", async () => {
    const policy = policyOf(await loadDenseNetwork("models/mountaincar-dqn.safetensors"));
    const episode = await playEpisode(policy, "MountainCar-v0", { seed: 100000, frameEvery: 50 });
    expect(episode.return).toBe(-episode.steps);
    expect(episode.observations).toHaveLength(episode.steps);
    expect(episode.frames).toHaveLength(Math.ceil(episode.steps / 50));
    const picture = mountainCarAnimation([
      {
        name: "a <b>",
        colour: "dqn",
        positions: Float32Array.from(episode.observations, (o) => o[0]),
        actions: episode.actions,
      },
    ]);
    expect(picture).toContain(`aria-label="MountainCar, a &lt;b&gt;: ${episode.steps} steps; animation."`);
    expect(picture).not.toMatch(/NaN|undefined|<b>/);
  });
});

describe("plots of lines and policies", () => {
  it("name where each line ends, and draw a log axis with a tick per point", () => {
    const svg = linePlot({
      x: "T",
      y: "equal, %",
      log: true,
      lines: [
        {
          name: "ours",
          colour: "snn",
          points: [
            [8, 80],
            [16, 90.5],
            [64, 99.123],
          ],
        },
      ],
    });
    expect(svg).toContain('aria-label="equal, % over T: ours ends at 99.12."');
    for (const tick of [8, 16, 64]) expect(svg).toContain(`>${tick}</text>`);
    expect(svg).not.toContain("NaN");
  });

  it("merge neighbouring cells, and count actions", () => {
    const x = { label: "x", range: [0, 1] as const };
    const svg = policyMap({
      actions: [0, 0, 1, 1, 1, 1],
      columns: 3,
      x,
      y: { ...x, label: "y" },
      actionNames: ["no", "yes"],
    });
    expect(svg).toContain("no in 33.3 %, yes in 66.7 %");
    expect(svg.match(/M[\d. ]+L[\d. ]+L[\d. ]+L[\d. ]+Z/g)).toHaveLength(3);
  });
});
