import { afterAll, describe, expect, it } from "@jest/globals";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { encodeModel } from "../../src/network/file/bytes.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { renderCartPoleReport } from "../../src/report/cartpole/page.ts";
import { cartPoleInputs } from "../../src/report/stepper.ts";
import { stepperScript } from "../../src/web/site/stepper.ts";
import { sampleReport } from "../report/sample.ts";
import { findings, openSite, type Site, text } from "./site.ts";

const opened = await openSite();
const reason = "reason" in opened ? opened.reason : undefined;
const site = opened as Site;
afterAll(() => (reason === undefined ? site.close() : undefined));

const state = [0.1, 0.2, -0.08, 0.3];

(reason === undefined ? describe : describe.skip)(
  `a report in Chromium${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    it("is stepped through by the engine that defines the dynamics, from a file, without a request", async () => {
      const network = await loadSpikingNetwork("models/cartpole-dqn-converted.safetensors");
      const run = { steps: 64, recordSpikes: true, recordPotentials: true };
      const { spikes, membranes } = referenceEngine.load(network).run(Float32Array.from(state), run);
      const total = spikes!.reduce((sum, { step }) => sum + step.length, 0);
      const report = sampleReport();
      const stepper = {
        script: (await stepperScript())!,
        model: encodeModel(network),
        state,
        inputs: cartPoleInputs,
        actions: ["left", "right"],
        steps: 64,
        judge: { name: "NEST 3.10.0", spikes: total },
      };
      const page = renderCartPoleReport({ ...report, decision: { ...report.decision, stepper } });
      expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
      const file = path.join(site.folder, "report.html");
      writeFileSync(file, page);
      const {
        page: tab,
        faults,
        close,
      } = await site.open("report.html", { url: pathToFileURL(`${site.folder}/`).href });
      await tab.waitForSelector("#stepper:not([hidden])");
      expect(await text(tab, "#stepper-said")).toBe(
        `Computed in this page: ${total.toLocaleString("en-US")} spikes, and it chooses “left”; NEST 3.10.0 has as many.`,
      );
      for (const at of [17, 64]) {
        await tab.fill("#stepper-at", String(at));
        const values = await tab.locator("#stepper-values dd:not(.track)").allTextContents();
        expect(values).toEqual([0, 1].map((a) => membranes!.at(-1)![(at - 1) * 2 + a].toFixed(2)));
        const until = spikes!.reduce((sum, { step }) => sum + step.filter((t) => t < at).length, 0);
        expect(await tab.getAttribute("#stepper-raster", "aria-label")).toBe(
          `${until} spikes in the first ${at} of 64 time steps`,
        );
      }
      await tab.click("#stepper-back");
      expect(await text(tab, "#stepper-now")).toBe("63 of 64");
      await tab.fill("#stepper-input-2", "0.2");
      expect(await text(tab, "#stepper-said")).toBe("This page’s own state: it chooses “right”.");
      expect(await findings(tab)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    });
  },
);
