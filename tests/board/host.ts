import { Emulator } from "../../src/board/emulator.ts";
import { type Problem } from "../../src/board/problems.ts";

/** A host on the other side of a board's sockets, without sockets. */
export class Host {
  readonly emulator: Emulator;
  readonly problems: Problem[] = [];
  /** Packets that left by the Ethernet: from which port, to which. */
  readonly sent: { readonly from: number | null; readonly to: string; readonly data: Uint8Array }[] = [];
  readonly listening = new Set<number>();
  private sequence = 0;

  constructor(version = 3) {
    this.emulator = new Emulator({
      version,
      ip: [127, 0, 0, 9],
      time: 1000,
      core: { engine: "interpret", timing: "one" },
      uplink: {
        send: (from, data, to) => this.sent.push({ from, to: `${to.address}:${to.port}`, data }),
        listen: (port, open) => void (open ? this.listening.add(port) : this.listening.delete(port)),
      },
      onProblem: (problem) => this.problems.push(problem),
    });
  }

  /** The answer to a command: its result, and what follows the sequence number. */
  ask(code: number, args: readonly number[] = [], to: { chip?: number; data?: Uint8Array } = {}): Answer {
    const { chip = 0xffff, data = new Uint8Array(0) } = to;
    const packet = new Uint8Array(26 + data.length);
    const view = new DataView(packet.buffer);
    packet.set([0, 0, 0x87, 0xff, 0, 0xff]);
    view.setUint16(6, chip, true);
    view.setUint16(10, code, true);
    view.setUint16(12, ++this.sequence, true);
    args.forEach((value, i) => view.setUint32(14 + 4 * i, value, true));
    packet.set(data, 26);
    this.emulator.monitor.fromHost(packet, { address: "127.0.0.1", port: 40000 });
    const answer = this.sent.pop()!.data;
    const read = new DataView(answer.buffer, answer.byteOffset);
    return {
      result: read.getUint16(10, true),
      sequence: read.getUint16(12, true),
      source: read.getUint16(8, true),
      bytes: answer.subarray(14),
      words: Array.from({ length: (answer.length - 14) >> 2 }, (_, i) => read.getUint32(14 + 4 * i, true)),
    };
  }

  write(address: number, bytes: Uint8Array, chip = 0): void {
    for (let at = 0; at < bytes.length; at += 256) {
      const block = bytes.subarray(at, at + 256);
      this.ask(3, [address + at, block.length, 2], { chip, data: block });
    }
  }

  read(address: number, length: number, chip = 0): Answer {
    return this.ask(2, [address, length, 2], { chip });
  }

  /** Loads a program onto cores of a chip, and starts it. */
  start(program: readonly number[], cores: readonly number[], chip = 0, appId = 17): Answer {
    this.write(0x67800000, aplx(program), chip);
    return this.ask(19, [((appId << 24) | cores.reduce((mask, core) => mask | (1 << core), 0)) >>> 0], { chip });
  }

  run(cycles: number): void {
    const end = this.emulator.machine.now + cycles;
    this.emulator.run(end, () => this.emulator.machine.now < end);
  }
}

export interface Answer {
  readonly result: number;
  readonly sequence: number;
  readonly source: number;
  readonly bytes: Uint8Array;
  readonly words: readonly number[];
}

/** An application that is a list of instructions. */
export function aplx(program: readonly number[]): Uint8Array {
  const table = [2, 0, 32, 4 * program.length, 4, 0, 0, 0];
  return new Uint8Array(Uint32Array.from([...table, ...program]).buffer);
}
