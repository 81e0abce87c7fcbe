import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kept } from "../../thesis/measure/kept.ts";

const folder = mkdtempSync(join(tmpdir(), "dsqn-kept-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("kept", () => {
  it("measures once for each identity, and again where there was no result", async () => {
    let measured = 0;
    const measure = async () => ({ mean: ++measured });
    expect(await kept(folder, ["a", 1], measure)).toEqual({ mean: 1 });
    expect(await kept(folder, ["a", 1], measure)).toEqual({ mean: 1 });
    expect(await kept(folder, ["a", 2], measure)).toEqual({ mean: 2 });
    expect(await kept(folder, ["b"], async () => null)).toBeNull();
    expect(await kept(folder, ["b"], measure)).toEqual({ mean: 3 });
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it("keeps nothing without a folder", async () => {
    let measured = 0;
    for (const expected of [1, 2]) expect(await kept(undefined, ["a", 1], async () => ++measured)).toBe(expected);
  });
});
