import { randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { fromBase64, toBase64 } from "../../src/numeric/base64.ts";

const lengths = [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 1000, 70_001];

describe("base64 without Node", () => {
  it("writes and reads what Node does", () => {
    for (const length of lengths) {
      const bytes = randomBytes(length);
      expect(toBase64(bytes)).toBe(bytes.toString("base64"));
      expect(Buffer.from(fromBase64(toBase64(bytes)))).toEqual(bytes);
    }
  });
});
