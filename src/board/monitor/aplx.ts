import { type CoreMemory, DTCM_ADDRESS, DTCM_BYTES, ITCM_BYTES } from "../cpu/memory.ts";
import { Unmodelled, hex } from "../problems.ts";

const ENTRY_BYTES = 16;
const COPY = 1;
const COPY_RELATIVE = 2;
const FILL = 3;
const EXECUTE = 4;
const MOST_ENTRIES = 64;

/**
 * Loads an application as SARK's loader does: a table of entries of four words (what to do, where to, from where or with what, how
 * much), then the images. Answers where it begins; nothing is written where the file is no APLX.
 */
export function loadAplx(image: Uint8Array, memory: CoreMemory): number {
  const words = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const work: (() => void)[] = [];
  for (let at = 0, entry = 0; entry < MOST_ENTRIES && at + ENTRY_BYTES <= image.length; at += ENTRY_BYTES, entry++) {
    const [code, to, second, third] = [0, 4, 8, 12].map((offset) => words.getUint32(at + offset, true));
    if (code === EXECUTE) {
      if (to >= ITCM_BYTES) throw noApplication(`begins at ${hex(to)}`);
      for (const step of work) step();
      return to;
    }
    if (code === COPY) throw new Unmodelled("an APLX that copies from an absolute address");
    if (code === COPY_RELATIVE) {
      if (at + second + third > image.length) throw noApplication(`has no bytes at ${hex(at + second)}`);
      const bytes = image.subarray(at + second, at + second + third);
      const target = targetOf(memory, to, third);
      work.push(() => target.set(bytes));
    } else if (code === FILL) {
      const target = targetOf(memory, to, second);
      work.push(() => new Uint32Array(target.buffer, target.byteOffset, target.length >> 2).fill(third));
    } else throw noApplication(`has ${hex(code)} where an entry of its table should be`);
  }
  throw noApplication("has no entry that says where it begins");
}

function targetOf({ itcm, dtcm }: CoreMemory, to: number, length: number): Uint8Array {
  if (to + length <= ITCM_BYTES) return itcm.bytes.subarray(to, to + length);
  const offset = to - DTCM_ADDRESS;
  if (offset >= 0 && offset + length <= DTCM_BYTES) return dtcm.bytes.subarray(offset, offset + length);
  throw noApplication(`loads ${length} bytes to ${hex(to)}, beyond a core's memories`);
}

const noApplication = (why: string): Unmodelled =>
  new Unmodelled(
    `a binary that is no APLX: it ${why}`,
    "Build it with spinnaker_tools, or take one that sPyNNaker ships.",
  );
