import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32c, openEventFile, record } from "../../../src/learning/runs/tensorboard.ts";

describe("TensorBoard event files", () => {
  // RFC 3720, appendix B.4.
  it.each([
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [Buffer.from("123456789"), 0xe3069283],
  ])("crc32c of the published vectors", (data, crc) => expect(crc32c(data)).toBe(crc));

  it("frames a record with length, both masked checksums, and the data", () => {
    const framed = record(Buffer.from("abc"));
    expect(framed.length).toBe(19);
    expect(framed.readBigUInt64LE(0)).toBe(3n);
    const mask = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    expect(framed.readUInt32LE(8)).toBe(mask(crc32c(framed.subarray(0, 8))));
    expect(framed.readUInt32LE(15)).toBe(mask(crc32c(Buffer.from("abc"))));
  });

  it("equals, byte for byte, a file that tensorboard's own EventFileWriter messages make up", () => {
    const folder = mkdtempSync(join(tmpdir(), "dsqn-"));
    try {
      const path = join(folder, "events.out.tfevents.0.test");
      const writer = openEventFile(path, { now: () => 1.5 });
      writer.scalars(300, { "a/b": 0.25 });
      const first = writer.bytes;
      writer.scalars(301, { lost: 1 });
      writer.close();
      const again = openEventFile(path, { keep: first, now: () => 1.5 });
      expect(again.bytes).toBe(first);
      again.close();
      expect(readFileSync(path).toString("hex")).toBe(EXPECTED);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** From tensorboard 2.21 in Python: two Event protos (file_version; step 300, a/b = 0.25, wall_time 1.5) through its RecordWriter. */
const EXPECTED =
  "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c1a00000000000000129bd82d09000000000000f83f10ac022a0c0a0a0a03612f62150000803ef9cde7ed";
