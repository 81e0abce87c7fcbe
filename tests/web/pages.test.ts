import { afterAll, describe, expect, it } from "@jest/globals";
import { openSync, readFileSync, ftruncateSync, closeSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { convert, balancedConversion, originalConversion } from "../../src/conversion/convert.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { encodeModel } from "../../src/network/file/bytes.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { similarity } from "../../src/web/similarity.ts";
import { trainHere, webPresets } from "../../src/web/train.ts";
import { fileOf, findings, openSite, type OpenOptions, rowOf, type Site, text, until } from "./site.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const opened = await openSite();
const reason = "reason" in opened ? opened.reason : undefined;
const site = opened as Site;
afterAll(() => (reason === undefined ? site.close() : undefined));

/** Episodes that are compared; the whole curve is in whole-run.test.ts. */
const EPISODES = 110;
const PAGES = ["index.html", "train.html", "convert.html", "certificate.html"];
const phone: OpenOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

(reason === undefined ? describe : describe.skip)(`pages in Chromium${reason ? ` (skipped: ${reason})` : ""}`, () => {
  it.each(PAGES)("%s paints within a second, breaks no rule of its policy, and axe finds nothing", async (name) => {
    const looks: OpenOptions[] = [
      { colorScheme: "light" },
      { colorScheme: "dark" },
      { ...phone, colorScheme: "light" },
    ];
    for (const look of looks) {
      const { page, faults, close } = await site.open(name, look);
      await until(page, name === "index.html" ? "ready" : "state", /./);
      const entry = await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]);
      const painted = await entry.evaluate(({ startTime }) => startTime); // it is told some frames after the paint
      expect(painted).toBeLessThan(1000 * patience());
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(await findings(page)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }
  });

  it.each(["index.html", "train.html"])("%s stays whole on a screen that is turned", async (name) => {
    const { page, faults, close } = await site.open(name, { viewport: { width: 1280, height: 900 } });
    if (name === "index.html") await until(page, "costs", /^\d+$/);
    else {
      await page.click("#start");
      await page.waitForSelector("svg[role=img] path", { state: "attached" });
    }
    for (const width of [390, 1280, 390]) {
      await page.setViewportSize({ width, height: 844 });
      await page.waitForFunction(
        () =>
          document.documentElement.scrollWidth <= innerWidth &&
          [...document.querySelectorAll("svg[role=img]")].every(
            (chart) => Number(chart.getAttribute("width")) === Math.max(240, chart.parentElement!.clientWidth),
          ),
      );
    }
    expect(await page.locator("[data-kind=fault]").count()).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it("watch: acts, is pushed, thinks for longer, and plays what was recorded", async () => {
    const { page, faults, close } = await site.open("index.html");
    await until(page, "ready", "cartpole-dsqn");
    const step = async (): Promise<number> =>
      Number(/step (\d+)/.exec((await page.getAttribute("#scene", "aria-label"))!)![1]);
    await page.click("#play");
    const before = await step();
    await page.click("#step");
    await page.click("#play");
    expect(await step()).toBeGreaterThan(before);
    // Pushes until it changes its mind, which the page says; keys do the same as buttons.
    await page.click("#push-right");
    expect(await text(page, "#said")).toMatch(/^Pushed to the right: it (still chooses|changes from)/);
    await page.locator("h1").click();
    for (let k = 0; k < 6 && !/changes/.test(await text(page, "#said")); k++)
      await page.keyboard.press(k % 2 ? "ArrowRight" : "ArrowLeft");
    expect(await text(page, "#said")).toMatch(/changes from “(left|right)” to “(left|right)”/);
    await until(page, "costs", /^\d+$/);
    const [spikes, energy] = [await text(page, "#cost-spikes"), await text(page, "#cost-energy")];
    await page.fill("#steps", "60");
    expect(await text(page, "#steps-shown")).toBe("T = 60");
    expect(Number(await text(page, "#cost-spikes"))).toBeGreaterThan(2 * Number(spikes));
    expect(await text(page, "#cost-energy")).not.toBe(energy);
    await page.check("input[value=mountaincar]", { force: true });
    await until(page, "ready", "mountaincar-dsqn");
    await page.selectOption("#agent", { index: 2 });
    await until(page, "ready", "mountaincar-thrift");
    await page.check("input[value=breakout]", { force: true });
    await until(page, "ready", "breakout-thrift");
    const [same, of] = (await until(page, "agreed", /^\d\d+\//)).split("/").map(Number);
    expect(same).toBe(of);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("train: the curve of seed 1 is Node's, bit for bit", async () => {
    const { page, faults, close } = await site.open("train.html");
    await page.click("#start");
    const rows = await firstEpisodes(1, EPISODES);
    await page.waitForFunction(
      (wanted) => Number(document.querySelector("#episodes")!.textContent) >= wanted,
      EPISODES,
      { timeout: 300_000 },
    );
    await page.click("#stop");
    await until(page, "state", "stopped");
    const curve = (await fileOf(page, "#curve-file")).toString().trim().split("\n").slice(1);
    expect(rows.some((row) => /,\d+\.\d+$/.test(row))).toBe(true); // losses, of weights that gradients have changed
    expect(curve.slice(0, EPISODES)).toEqual(rows);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  }, 400_000);

  it("train: can be stopped, and a worker that dies is said, and another one learns", async () => {
    const dying = (page: Page): Promise<unknown> =>
      page.route("**/learner.js", (route) =>
        route.fulfill({ body: "throw new Error('out of memory')", contentType: "text/javascript" }),
      );
    const { page, faults, close } = await site.open("train.html", { prepare: dying });
    await page.click("#start");
    await until(page, "state", "failed");
    expect(await text(page, "#notices")).toMatch(/worker/i);
    await page.unroute("**/learner.js");
    await page.fill("#seed", "7");
    await page.click("#start");
    await page.waitForFunction(() => document.querySelector("#episodes")!.textContent !== "–");
    await page.click("#stop");
    await until(page, "state", "stopped");
    expect(await text(page, "#notices")).toBe("");
    expect(await page.isEnabled("#start")).toBe(true);
    expect(faults).toEqual([]);
    await close();
  });

  it("certificate: NEST's spikes are computed anew, and a forged one is found out", async () => {
    const { page, faults, close } = await site.open("certificate.html");
    await page.click("#example");
    await until(page, "state", "equal");
    const given = readFileSync(path.join(site.folder, "data/cartpole-dsqn.certificate.json"), "utf8");
    const certificate = JSON.parse(given) as {
      version: string;
      results: { layers: { sha256: string; spikes: number; events?: string }[] }[];
    };
    const [{ layers }] = certificate.results;
    expect(await text(page, "#verdict-title")).toBe(`The spikes are NEST ${certificate.version}’s, every one of them`);
    const shown = await page.locator("#layers code").allTextContents();
    expect(shown).toEqual(layers.flatMap(({ sha256 }) => [sha256.slice(0, 16), sha256.slice(0, 16)]));
    await page.fill("#state", "3");
    expect(await text(page, "#raster-note")).toMatch(/^State 3 of 48/);
    expect(await findings(page)).toEqual([]);
    delete layers[1].events;
    layers[1].sha256 = `0${layers[1].sha256.slice(1)}`;
    const forged = path.join(site.folder, "forged.json");
    writeFileSync(forged, JSON.stringify(certificate));
    await page.setInputFiles("#file", forged);
    await until(page, "state", "different");
    expect(await text(page, "#verdict-title")).toBe(`These are not NEST ${certificate.version}’s spikes`);
    expect(await page.locator("#layers .other").count()).toBe(1);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("certificate: what is no model, no certificate, or too large is said, and the page goes on", async () => {
    const { page, faults, close } = await site.open("certificate.html");
    const file = (name: string, content: string): string => {
      writeFileSync(path.join(site.folder, name), content);
      return path.join(site.folder, name);
    };
    const certificate = path.join(site.folder, "data/cartpole-dsqn.certificate.json");
    await page.setInputFiles("#file", [file("picture.png", "\x89PNG no model"), certificate]);
    await until(page, "state", "failed");
    expect(await text(page, "#notices")).toMatch(/picture\.png/);
    const large = path.join(site.folder, "large.safetensors");
    const made = openSync(large, "w");
    ftruncateSync(made, 300 * 2 ** 20);
    closeSync(made);
    await page.setInputFiles("#file", large);
    await page.waitForSelector("[data-kind=file]");
    expect(await text(page, "[data-kind=file]")).toMatch(/large\.safetensors is too large for this page: 300 MB/);
    const { page: other, close: closeOther } = await site.open("certificate.html");
    const model = path.join(root, "models/cartpole-dsqn.safetensors");
    await other.setInputFiles("#file", [model, file("torn.json", '{"format": 2, ')]);
    await until(other, "state", "failed");
    expect(await text(other, "#notices")).toMatch(/torn\.json: it is not JSON/);
    await other.setInputFiles("#file", [path.join(root, "models/cartpole-thrift.safetensors"), certificate]);
    await until(other, "state", "equal"); // the first model is still there
    await closeOther();
    expect(faults).toEqual([]);
    await close();
  });

  it("convert: similarity against T is Node's for every method, and the network can be kept", async () => {
    const { page, faults, close } = await site.open("convert.html");
    await page.click("#example");
    await until(page, "state", "done");
    const { network } = await loadModel(path.join(root, "models/cartpole-dqn.safetensors"));
    const { states } = await loadReplay(path.join(root, "models/cartpole-dqn-replay"));
    const [judged, calibration] = [states.subarray(-4000), states.subarray(0, Math.min(states.length - 4000, 32_000))];
    for (const [index, options] of [balancedConversion, undefined, originalConversion].entries()) {
      if (!options) continue;
      await page.selectOption("#method", { index });
      await until(page, "state", "done");
      const spiking = "spiking" in options ? options.spiking : {};
      const at = (steps: number) =>
        convert(network, calibration, { ...options, spiking: { ...spiking, neuron: "lagged-lif", steps } }).network;
      const cells = await page.locator("#rows tr").allTextContents();
      const expected = [3, 16, 64].map((t) => {
        const [row] = similarity(network, at(t), judged, { steps: [t] });
        return `${t}${percent(row.similarity)}${Math.round(row.spikesPerDecision).toLocaleString("en-US")}`;
      });
      for (const row of expected) expect(cells).toContain(row);
      if (options !== originalConversion) continue;
      await page.fill("#steps", "7");
      expect(hash(await fileOf(page, "#download"))).toBe(hash(encodeModel(at(16))));
    }
    await page.setInputFiles("#file", path.join(root, "models/mountaincar-dqn.safetensors"));
    await until(page, "state", "failed");
    expect(await text(page, "#notices")).toMatch(/have 4 values each; the network takes 2/);
    await page.setInputFiles("#file", path.join(root, "models/cartpole-dsqn.safetensors"));
    await page.waitForFunction(() => /spikes already/.test(document.querySelector("#notices")!.textContent));
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("a browser without WebAssembly's SIMD acts by the readable engine, and says that learning needs it", async () => {
    const before = (): void => {
      WebAssembly.validate = () => false;
    };
    const { page, faults, close } = await site.open("index.html", { before });
    await until(page, "ready", "cartpole-dsqn");
    expect(await text(page, "#notices")).toMatch(/can't run the fast engine/);
    await page.click("#push-left");
    expect(await text(page, "#said")).toMatch(/^Pushed to the left/);
    expect(await findings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
    const learning = await site.open("train.html", { before });
    expect(await text(learning.page, "#notices")).toMatch(/can't run the fast engine/);
    expect(await learning.page.isDisabled("#start")).toBe(true);
    await learning.close();
  });

  it("works from a host that sends no headers, on one thread, and says so", async () => {
    const types: Record<string, string> = { html: "text/html", js: "text/javascript", css: "text/css" };
    const host = createServer((request, response) => {
      const name = decodeURIComponent(request.url!.slice(1)).replace(/[?#].*/, "") || "index.html";
      const type = types[name.split(".").at(-1)!] ?? "application/octet-stream";
      response
        .writeHead(200, { "Content-Type": type })
        .end(readFileSync(path.join(site.folder, name.replace(/^sub\//, ""))));
    });
    await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}/sub/`;
    try {
      const { page, faults, close } = await site.open("index.html", { url });
      await until(page, "ready", "cartpole-dsqn");
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
      expect(await text(page, "#notices")).toMatch(/SharedArrayBuffer is missing/);
      await page.goto(`${url}train.html`);
      await page.click("#start");
      await page.waitForFunction(() => document.querySelector("#greedy")!.textContent !== "–", undefined, {
        timeout: 120_000,
      });
      await page.click("#stop");
      await until(page, "state", "stopped");
      expect(faults).toEqual([]);
      await close();
    } finally {
      host.closeAllConnections();
      host.close();
    }
  });

  it("keeps still for who prefers less motion, and remembers light or dark", async () => {
    const { page, close } = await site.open("index.html", { reducedMotion: "reduce", colorScheme: "light" });
    await until(page, "ready", "cartpole-dsqn");
    expect(await text(page, "#play")).toBe("Play");
    await page.click("#theme");
    expect(await page.evaluate(() => getComputedStyle(document.body.parentElement!).backgroundColor)).toBe(
      "rgb(21, 24, 29)",
    );
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await close();
  });
});

/** Of a run in Node, as the page writes them. */
async function firstEpisodes(seed: number, count: number): Promise<string[]> {
  const rows: string[] = [];
  const enough = new AbortController();
  const run = trainHere(
    { ...webPresets["cartpole-dsqn"], seed },
    {
      signal: enough.signal,
      onEpisode(entry) {
        rows.push(rowOf(entry));
        if (rows.length >= count) enough.abort();
      },
    },
  );
  await expect(run).rejects.toMatchObject({ code: "INTERRUPTED" });
  return rows.slice(0, count);
}

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const percent = (share: number): string => `${(100 * share).toFixed(share === 1 ? 0 : 2)} %`;

/** The figures hold on an idle machine; on one that is busy with other tests everything takes longer. */
function patience(): number {
  return 5;
}
