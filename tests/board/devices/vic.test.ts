import { Vic } from "../../../src/board/devices/vic.ts";

const VADDR = 0x30;

/** A controller whose slot n serves line n with vector 0x1000 + n; `asserted`: what it tells the core. */
function controller(slots: readonly number[]): { vic: Vic; asserted: { irq: boolean; fiq: boolean } } {
  const asserted = { irq: false, fiq: false };
  const vic = new Vic((irq, fiq) => Object.assign(asserted, { irq, fiq }));
  slots.forEach((line, slot) => {
    vic.write(0x100 + 4 * slot, 0x1000 + line);
    vic.write(0x200 + 4 * slot, 0x20 | line);
    vic.write(0x10, 1 << line);
  });
  vic.write(0x34, 0x9999);
  return { vic, asserted };
}

describe("the interrupt controller", () => {
  it("gives the interrupt of the first slot, whatever its line, and waits for its end", () => {
    const { vic, asserted } = controller([12, 4, 18]);
    vic.set(-1, (1 << 18) | (1 << 4));
    expect(asserted.irq).toBe(true);
    expect(vic.read(VADDR)).toBe(0x1004);
    // In service: its own slot and those below wait, one above does not.
    expect(asserted.irq).toBe(false);
    vic.set(1 << 12, 1 << 12);
    expect(asserted.irq).toBe(true);
    expect(vic.read(VADDR)).toBe(0x100c);
    vic.write(VADDR, 0);
    vic.set(1 << 12, 0);
    expect(asserted.irq).toBe(false);
    vic.write(VADDR, 0);
    expect(asserted.irq).toBe(true);
    vic.set(1 << 4, 0);
    expect(vic.read(VADDR)).toBe(0x1012);
  });

  it("gives lines without a slot by the default vector, below all slots", () => {
    const { vic, asserted } = controller([4]);
    vic.write(0x10, 1 << 7);
    vic.set(-1, 1 << 7);
    expect(asserted.irq).toBe(true);
    expect(vic.read(VADDR)).toBe(0x9999);
    vic.set(1 << 4, 1 << 4);
    expect(vic.read(VADDR)).toBe(0x1004);
  });

  it("masks what isn't enabled, selects FIQs, and raises lines by software", () => {
    const { vic, asserted } = controller([6, 1]);
    vic.write(0x0c, 1 << 6);
    vic.set(-1, 1 << 6);
    expect(asserted).toEqual({ irq: false, fiq: true });
    vic.write(0x14, 1 << 6);
    expect(asserted.fiq).toBe(false);
    vic.write(0x18, 2);
    expect(asserted.irq).toBe(true);
    vic.write(0x1c, 2);
    expect(asserted.irq).toBe(false);
    expect(() => vic.read(0x40)).toThrow(/register 0x40 of the interrupt controller/);
  });
});
