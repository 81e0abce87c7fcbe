import { type Machine } from "./machine.ts";

/**
 * Thumb: nearly every instruction is an ARM instruction in half the bits (DDI 0100, A6 and A7), and runs as that. The others get words
 * of their own in a corner of the ARM space where nothing is defined (condition 15, bits 27:24 from 8 to 14 but for blx).
 */

const ALWAYS = 0xe0000000;
const ADR = 0xf8000000;
const BRANCH_IF = 0xf9000000;
const BRANCH = 0xfc000000;
const LINK_PREFIX = 0xfd000000;
const LINK = 0xfe000000;
const LINK_TO_ARM = 0xff000000;
/** An ARM word that is undefined, for a half word that is. */
const UNDEFINED_WORD = 0xe7f000f0;

/** An instruction's ARM word. */
export function expand(h: number): number {
  return expand32(h) >>> 0;
}

function expand32(h: number): number {
  const rd = h & 7;
  const rn = (h >>> 3) & 7;
  const rm = (h >>> 6) & 7;
  const five = (h >>> 6) & 31;
  switch (h >>> 12) {
    case 0:
      return ALWAYS | 0x01b00000 | (rd << 12) | (five << 7) | (((h >>> 11) & 1) << 5) | rn;
    case 1:
      if ((h & 0x0800) === 0) return ALWAYS | 0x01b00000 | (rd << 12) | (five << 7) | 0x40 | rn;
      return (
        ALWAYS | ((h & 0x0400) << 15) | ((h & 0x0200) !== 0 ? 0x00500000 : 0x00900000) | (rn << 16) | (rd << 12) | rm
      );
    case 2:
    case 3: {
      const r8 = (h >>> 8) & 7;
      const operation = [0x03b00000, 0x03500000, 0x02900000, 0x02500000][(h >>> 11) & 3];
      const fields = [r8 << 12, r8 << 16, (r8 << 16) | (r8 << 12), (r8 << 16) | (r8 << 12)][(h >>> 11) & 3];
      return ALWAYS | operation | fields | (h & 0xff);
    }
    case 4:
      if ((h & 0x0800) !== 0) return ALWAYS | 0x059f0000 | (((h >>> 8) & 7) << 12) | ((h & 0xff) << 2);
      return (h & 0x0400) === 0 ? arithmetic((h >>> 6) & 15, rd, rn) : highRegisters(h);
    case 5:
      return ALWAYS | REGISTER_OFFSET[(h >>> 9) & 7] | (rn << 16) | (rd << 12) | rm;
    case 6:
      return ALWAYS | ((h & 0x0800) !== 0 ? 0x05900000 : 0x05800000) | (rn << 16) | (rd << 12) | (five << 2);
    case 7:
      return ALWAYS | ((h & 0x0800) !== 0 ? 0x05d00000 : 0x05c00000) | (rn << 16) | (rd << 12) | five;
    case 8: {
      const offset = five << 1;
      const operation = (h & 0x0800) !== 0 ? 0x01d000b0 : 0x01c000b0;
      return ALWAYS | operation | (rn << 16) | (rd << 12) | ((offset & 0xf0) << 4) | (offset & 15);
    }
    case 9: {
      const operation = (h & 0x0800) !== 0 ? 0x059d0000 : 0x058d0000;
      return ALWAYS | operation | (((h >>> 8) & 7) << 12) | ((h & 0xff) << 2);
    }
    case 10: {
      // Eight bits, rotated right by 30: times four.
      const r8 = (h >>> 8) & 7;
      return (h & 0x0800) !== 0 ? ALWAYS | 0x028d0f00 | (r8 << 12) | (h & 0xff) : ADR | (r8 << 12) | (h & 0xff);
    }
    case 11:
      return miscellaneous(h);
    case 12: {
      const r8 = (h >>> 8) & 7;
      return ALWAYS | ((h & 0x0800) !== 0 ? 0x08b00000 : 0x08a00000) | (r8 << 16) | (h & 0xff);
    }
    case 13:
      if ((h & 0x0f00) === 0x0f00) return ALWAYS | 0x0f000000 | (h & 0xff);
      return (h & 0x0f00) === 0x0e00 ? UNDEFINED_WORD : BRANCH_IF | (((h >>> 8) & 15) << 16) | (h & 0xff);
    default:
      return [BRANCH, LINK_TO_ARM, LINK_PREFIX, LINK][(h >>> 11) & 3] | (h & 0x7ff);
  }
}

/** str, strh, strb, ldrsb, ldr, ldrh, ldrb, ldrsh. */
const REGISTER_OFFSET = [
  0x07800000, 0x018000b0, 0x07c00000, 0x019000d0, 0x07900000, 0x019000b0, 0x07d00000, 0x019000f0,
];

/** and, eor, lsl, lsr, asr, adc, sbc, ror, tst, neg, cmp, cmn, orr, mul, bic, mvn: all with flags. */
function arithmetic(operation: number, rd: number, rm: number): number {
  const both = (rd << 16) | (rd << 12) | rm;
  const byRegister = (kind: number): number => ALWAYS | 0x01b00010 | (rd << 12) | (rm << 8) | (kind << 5) | rd;
  switch (operation) {
    case 2:
      return byRegister(0);
    case 3:
      return byRegister(1);
    case 4:
      return byRegister(2);
    case 7:
      return byRegister(3);
    case 8:
    case 10:
    case 11:
      return ALWAYS | 0x00100000 | (operation << 21) | (rd << 16) | rm;
    case 9:
      return ALWAYS | 0x02700000 | (rm << 16) | (rd << 12);
    case 13:
      return ALWAYS | 0x00100090 | (rd << 16) | (rd << 8) | rm;
    default:
      return ALWAYS | 0x00100000 | (operation << 21) | both;
  }
}

function highRegisters(h: number): number {
  const rd = (h & 7) | ((h >>> 4) & 8);
  const rm = (h >>> 3) & 15;
  switch ((h >>> 8) & 3) {
    case 0:
      return ALWAYS | 0x00800000 | (rd << 16) | (rd << 12) | rm;
    case 1:
      return ALWAYS | 0x01500000 | (rd << 16) | rm;
    case 2:
      return ALWAYS | 0x01a00000 | (rd << 12) | rm;
    default:
      return ALWAYS | ((h & 0x80) !== 0 ? 0x012fff30 : 0x012fff10) | rm;
  }
}

function miscellaneous(h: number): number {
  if ((h & 0x0f00) === 0) return ALWAYS | ((h & 0x80) !== 0 ? 0x024dd000 : 0x028dd000) | 0xf00 | (h & 0x7f);
  if ((h & 0x0e00) === 0x0400) return ALWAYS | 0x092d0000 | (h & 0xff) | ((h & 0x100) << 6);
  if ((h & 0x0e00) === 0x0c00) return ALWAYS | 0x08bd0000 | (h & 0xff) | ((h & 0x100) << 7);
  if ((h & 0x0f00) === 0x0e00) return ALWAYS | 0x01200070 | ((h & 0xf0) << 4) | (h & 15);
  return UNDEFINED_WORD;
}

/** Whether a word from `expand` is one of Thumb's own. */
export const isThumbOnly = (w: number): boolean => w >= ADR;

/** What Thumb's own words do; `passes` tells a condition. */
export function thumbOnly(m: Machine, w: number, passes: (condition: number) => boolean): boolean {
  const { s } = m;
  switch ((w >>> 24) & 15) {
    case 8:
      s[(w >>> 12) & 7] = (s[15] & ~3) + ((w & 0xff) << 2);
      return true;
    case 9:
      if (!passes((w >>> 16) & 15)) return false;
      m.next = (s[15] + ((w << 24) >> 23)) | 0;
      return true;
    case 12:
      m.next = (s[15] + ((w << 21) >> 20)) | 0;
      return true;
    case 13:
      s[14] = s[15] + ((w << 21) >> 9);
      return true;
    default: {
      const target = (s[14] + ((w & 0x7ff) << 1)) | 0;
      s[14] = m.next | 1;
      if (((w >>> 24) & 15) === 14) m.next = target & ~1;
      else m.exchange(target & ~3);
      return true;
    }
  }
}
