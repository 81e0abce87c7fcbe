import { Emulator } from "../../src/board/emulator.ts";

const PACKETS = 500;
/** READ, WRITE, FILL, COUNT, LINK_READ, AR, NNP, SIG, ALLOC, RTR and others: every number that SCP has given away, and some that it has not. */
const COMMANDS = Array.from({ length: 34 }, (_, code) => code).concat(57, 64, 255);

/** The emulated board behind its sockets. It keeps what it was told for some packets, then a new one takes its place. */
export class Board {
  private emulator = made();
  private left = PACKETS;

  /** Datagrams, each behind its length in a byte. */
  receive(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 1 + bytes[at]) {
      if (--this.left <= 0) [this.emulator, this.left] = [made(), PACKETS];
      const packet = bytes.slice(at + 1, at + 1 + bytes[at]);
      const { monitor, machine } = this.emulator;
      monitor.fromHost(packet, { address: "127.0.0.1", port: 40000 });
      monitor.fromReverse(17895 + (packet[0] & 3), packet, { address: "127.0.0.1", port: 40001 });
      const end = machine.now + 200;
      this.emulator.run(end, () => machine.now < end);
    }
  }
}

function made(): Emulator {
  return new Emulator({
    version: 3,
    ip: [127, 0, 0, 9],
    time: 1000,
    core: { engine: "interpret", timing: "one" },
    uplink: { send: () => undefined, listen: () => undefined },
    onProblem: () => undefined,
  });
}

/** For each command a datagram with likely arguments, and two or three in a row. */
export function packetSeeds(): Uint8Array[] {
  const one = COMMANDS.map((code) => datagram(code, [0x60000000, 64, 2], new Uint8Array(code % 3 === 0 ? 64 : 0)));
  const rows = [[3, 19], [27, 26, 2], [28, 29, 15], [20, 20, 22], [28, 3, 21]]; // prettier-ignore
  return [...one, ...rows.map((codes) => new Uint8Array(Buffer.concat(codes.map((code) => one[code]))))];
}

function datagram(code: number, args: readonly number[], data: Uint8Array): Uint8Array {
  const packet = new Uint8Array(1 + 26 + data.length);
  const view = new DataView(packet.buffer, 1);
  packet.set([26 + data.length, 0, 0, 0x87, 0xff, 0, 0xff]);
  view.setUint16(6, 0xffff, true);
  view.setUint16(10, code, true);
  view.setUint16(12, 1, true);
  args.forEach((value, k) => view.setUint32(14 + 4 * k, value, true));
  packet.set(data, 27);
  return packet;
}
