import { ABORT, FIQ, IRQ, MODE_NAMES, SUPERVISOR, SYSTEM, UNDEFINED, USER } from "./state.ts";

interface Bank {
  r13: number;
  r14: number;
  spsr: number;
}

/** Registers of the modes that are not current: r13, r14 and SPSR of each; r8 to r12 of FIQ and of all others. */
export class Banks {
  private readonly saved: Record<number, Bank> = Object.fromEntries(
    [USER, FIQ, IRQ, SUPERVISOR, ABORT, UNDEFINED].map((mode) => [mode, { r13: 0, r14: 0, spsr: 0 }]),
  );
  private readonly fast = new Int32Array(5);
  private readonly usual = new Int32Array(5);

  /** Stores the registers of one mode and brings in those of another. */
  change(registers: Int32Array, from: number, to: number): void {
    if (from === to) return;
    const old = this.bank(from);
    old.r13 = registers[13];
    old.r14 = registers[14];
    (from === FIQ ? this.fast : this.usual).set(registers.subarray(8, 13));
    registers.set(to === FIQ ? this.fast : this.usual, 8);
    const now = this.bank(to);
    registers[13] = now.r13;
    registers[14] = now.r14;
  }

  spsr(mode: number): number {
    return this.bank(mode).spsr;
  }

  setSpsr(mode: number, value: number): void {
    if (mode !== USER && mode !== SYSTEM) this.bank(mode).spsr = value;
  }

  /** A register as user mode sees it, while another mode is current (ldm and stm with ^). */
  user(registers: Int32Array, mode: number, register: number): number {
    if (register >= 13 && register <= 14 && mode !== USER && mode !== SYSTEM)
      return register === 13 ? this.saved[USER].r13 : this.saved[USER].r14;
    if (register >= 8 && register <= 12 && mode === FIQ) return this.usual[register - 8];
    return registers[register];
  }

  setUser(registers: Int32Array, mode: number, register: number, value: number): void {
    if (register === 13 && mode !== USER && mode !== SYSTEM) this.saved[USER].r13 = value;
    else if (register === 14 && mode !== USER && mode !== SYSTEM) this.saved[USER].r14 = value;
    else if (register >= 8 && register <= 12 && mode === FIQ) this.usual[register - 8] = value;
    else registers[register] = value;
  }

  /** r13, r14 and SPSR of every mode, by its name. */
  all(registers: Int32Array, mode: number): Record<string, Bank> {
    const current = this.bank(mode);
    return Object.fromEntries(
      Object.keys(this.saved).map((key) => {
        const bank = this.saved[Number(key)];
        const [r13, r14] = bank === current ? [registers[13], registers[14]] : [bank.r13, bank.r14];
        return [MODE_NAMES[Number(key)], { r13: r13 >>> 0, r14: r14 >>> 0, spsr: bank.spsr >>> 0 }];
      }),
    );
  }

  clear(): void {
    for (const bank of Object.values(this.saved)) bank.r13 = bank.r14 = bank.spsr = 0;
    this.fast.fill(0);
    this.usual.fill(0);
  }

  /** User and system mode share theirs; a reserved mode has user's. */
  private bank(mode: number): Bank {
    return this.saved[mode] ?? this.saved[USER];
  }
}
