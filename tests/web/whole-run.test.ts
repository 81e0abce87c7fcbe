// tier: long
import { afterAll, describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { encodeModel } from "../../src/network/file/bytes.ts";
import { trainHere, webPresets } from "../../src/web/train.ts";
import { fileOf, findings, openSite, rowOf, type Site, text, until } from "./site.ts";

const opened = await openSite();
const reason = "reason" in opened ? opened.reason : undefined;
const site = opened as Site;
afterAll(() => (reason === undefined ? site.close() : undefined));
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

(reason === undefined ? describe : describe.skip)(
  `a whole run in Chromium${reason ? ` (skipped: ${reason})` : ""}`,
  () => {
    it("train: the curve of seed 1 is Node's, bit for bit, and so is the network", async () => {
      const { page, faults, close } = await site.open("train.html");
      await page.click("#start");
      const here = await trainHere({ ...webPresets["cartpole-dsqn"], seed: 1 });
      await until(page, "state", "done");
      const rows = here.curve.map(rowOf);
      const curve = await fileOf(page, "#curve-file");
      expect(curve.toString().trim().split("\n").slice(1)).toEqual(rows);
      const model = await fileOf(page, "#download");
      expect(hash(model)).toBe(hash(encodeModel(here.network)));
      expect(Number(await page.getAttribute("#progress", "value"))).toBeGreaterThanOrEqual(475);
      expect(await text(page, "#said")).toMatch(/^Learned: \d{3}/);
      expect(await findings(page)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }, 1_800_000);
  },
);
