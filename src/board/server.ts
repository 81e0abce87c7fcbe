import { type RemoteInfo, type Socket, createSocket } from "node:dgram";
import { type BoardStatus, Emulator, type EmulatorOptions } from "./emulator.ts";
import { CYCLES_PER_MS } from "./machine.ts";
import { ipOf } from "./monitor/tags.ts";
import { Waiting } from "./patience.ts";
import { BoardError, type Problem } from "./problems.ts";

export const SCP_PORT = 17893;
export const BOOT_PORT = 54321;

export interface ServerOptions {
  readonly version: number;
  readonly address: string;
  /** Silent until it is booted over the network, as a board that was just switched on. */
  readonly cold?: boolean;
  /** "auto": as fast as it goes while cores simulate and nothing comes from outside or goes there, else in real time. */
  readonly pace?: "auto" | "fast" | "real";
  readonly core?: EmulatorOptions["core"];
  readonly onProblem?: (problem: Problem) => void;
  readonly onTrace?: (line: string) => void;
}

/** Packets that a host sends to boot a board: at least the start, the image in blocks of 1 KB, the end. */
const BOOT_PACKETS = 3;
const BOOT_END = 5;
/** How long the emulator runs before it looks for messages, in ms of this machine. */
const TURN = 3;
/** A host is kept waiting for its counts while the board is further behind, in ms. */
const DEBT = 20;
/** How far behind real time it may fall before it lets that time go. */
const LAG = 50;

/** An emulated board at an address: its sockets, and its time. */
export class BoardServer {
  readonly options: ServerOptions;
  private readonly emulator: Emulator;
  private readonly sockets: Socket[] = [];
  private readonly reverse = new Map<number, Socket>();
  private scp: Socket | null = null;
  private booted: boolean;
  private bootPackets = 0;
  private turn: NodeJS.Immediate | NodeJS.Timeout | null = null;
  /** The board's time was `cycles` when this machine's was `wall`. */
  private anchor = { wall: performance.now(), cycles: 0 };
  private closed = false;
  /** Time that passed here while cores were busy, and has not passed on the board yet. */
  private debt = 0;
  private last = 0;
  private readonly waiting = new Waiting();

  constructor(options: ServerOptions) {
    this.options = options;
    this.booted = !options.cold;
    this.emulator = new Emulator({
      version: options.version,
      ip: ipOf(options.address),
      time: Math.floor(Date.now() / 1000),
      core: options.core,
      uplink: {
        send: (port, data, to) => this.send(port, data, to.address, to.port),
        listen: (port, open) => this.listen(port, open),
      },
      onProblem: (problem) => options.onProblem?.(problem),
      onCommand: options.onTrace && ((chip, name, command) => this.trace(chip, name, command.arguments)),
    });
  }

  async open(): Promise<void> {
    try {
      this.scp = await this.bind(SCP_PORT, (packet, sender) => this.fromHost(packet, sender));
      await this.bind(BOOT_PORT, (packet) => this.boot(packet));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  status(): BoardStatus {
    return this.emulator.status();
  }

  close(): void {
    this.closed = true;
    if (this.turn) {
      clearImmediate(this.turn as NodeJS.Immediate);
      clearTimeout(this.turn as NodeJS.Timeout);
    }
    for (const socket of [...this.sockets, ...this.reverse.values()]) socket.close();
    this.sockets.length = 0;
    this.reverse.clear();
  }

  private bind(port: number, onMessage: (packet: Buffer, sender: RemoteInfo) => void): Promise<Socket> {
    const socket = createSocket("udp4");
    this.sockets.push(socket);
    socket.on("message", onMessage);
    return new Promise((resolve, reject) => {
      socket.once("error", (error: NodeJS.ErrnoException) => {
        this.sockets.splice(this.sockets.indexOf(socket), 1);
        reject(unavailable(this.options.address, port, error));
      });
      socket.bind({ port, address: this.options.address, exclusive: true }, () => {
        socket.removeAllListeners("error");
        socket.on("error", () => undefined);
        // A host that writes SDRAM sends many packets before it waits for answers.
        socket.setRecvBufferSize(4 << 20);
        resolve(socket);
      });
    });
  }

  private fromHost(packet: Buffer, sender: RemoteInfo): void {
    if (!this.booted) return;
    if (this.debt > DEBT && isCount(packet) && this.emulator.working) {
      this.waiting.hold(packet, sender, performance.now());
      return;
    }
    this.emulator.monitor.fromHost(packet, sender);
    this.wake();
  }

  /** Start, blocks, end: the image is taken and dropped, for the monitor is a model. */
  private boot(packet: Buffer): void {
    this.bootPackets++;
    if (packet.length >= 6 && packet.readUInt32BE(2) === BOOT_END && this.bootPackets >= BOOT_PACKETS)
      this.booted = true;
    this.options.onTrace?.(`boot packet ${this.bootPackets}`);
  }

  private send(port: number | null, data: Uint8Array, address: string, to: number): void {
    const socket = (port !== null && this.reverse.get(port)) || this.scp;
    if (socket && to > 0) socket.send(data, to, address);
  }

  /** Opens and closes the port of a reverse IP tag. */
  private listen(port: number, open: boolean): void {
    if (!open) {
      this.reverse.get(port)?.close();
      this.reverse.delete(port);
      return;
    }
    const socket = createSocket("udp4");
    this.reverse.set(port, socket);
    socket.on("message", (packet, sender) => {
      this.emulator.monitor.fromReverse(port, packet, sender);
      this.wake();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const { message, hint } = unavailable(this.options.address, port, error);
      this.options.onProblem?.({ kind: "port", chip: [0, 0], core: 0, message, hint });
    });
    socket.bind({ port, address: this.options.address });
  }

  private trace(chip: { x: number; y: number }, name: string, args: readonly number[]): void {
    this.options.onTrace?.(`(${chip.x}, ${chip.y}) ${name} ${args.map((value) => value.toString(16)).join(" ")}`);
  }

  /** Something came: the time that passed meanwhile passes for the board too, and it goes on. */
  private wake(): void {
    if (this.turn !== null || this.closed) return;
    this.anchorHere();
    this.last = performance.now();
    this.turn = setImmediate(() => this.run());
  }

  private anchorHere(): void {
    this.anchor = { wall: performance.now(), cycles: this.emulator.machine.now };
  }

  /** Cycles up to which the board may be by now. */
  private limit(): number {
    const { pace = "auto" } = this.options;
    const fast = pace === "fast" || (pace === "auto" && !this.emulator.monitor.tags.live && this.emulator.stepping);
    if (fast) {
      this.anchorHere();
      return Infinity;
    }
    const { machine } = this.emulator;
    const most = machine.now + LAG * CYCLES_PER_MS;
    const limit = this.anchor.cycles + (performance.now() - this.anchor.wall) * CYCLES_PER_MS;
    if (limit <= most) return limit;
    this.anchor.cycles -= limit - most;
    return most;
  }

  private run(): void {
    this.turn = null;
    if (this.closed) return;
    const end = performance.now() + TURN;
    let slices = 0;
    const more = (): boolean => (++slices & 15) !== 0 || performance.now() < end;
    const before = this.emulator.machine.now;
    const busy = this.emulator.run(this.limit(), more);
    const now = performance.now();
    const passed = (this.emulator.machine.now - before) / CYCLES_PER_MS;
    this.debt = busy ? Math.max(0, this.debt + (now - this.last) - passed) : 0;
    this.last = now;
    if (!this.waiting.empty)
      this.waiting.release(now, this.debt <= 0 || !this.emulator.working, (packet, sender, known) =>
        this.emulator.monitor.fromHost(packet, sender, known),
      );
    if (busy) this.turn = setImmediate(() => this.run());
    else if (!this.emulator.asleep) this.turn = setTimeout(() => this.run(), 1);
  }
}

const COUNT = 15;

/** Whether a packet asks the monitor how many cores are in a state. */
const isCount = (packet: Buffer): boolean =>
  packet.length >= 14 && packet.readUInt16LE(10) === COUNT && (packet[4] & 31) === 0;

function unavailable(address: string, port: number, error: NodeJS.ErrnoException): BoardError {
  const facts = { address, port, cause: error.code };
  if (error.code === "EADDRINUSE")
    return new BoardError(
      "BOARD_PORT_IN_USE",
      `UDP port ${port} of ${address} is in use: by another emulated board?`,
      `Take another address: ${another(address)}.`,
      facts,
    );
  if (error.code === "EADDRNOTAVAIL")
    return new BoardError(
      "BOARD_ADDRESS",
      `This machine has no address ${address}.`,
      "On Linux and Windows all of 127.x.x.x is there; on macOS only 127.0.0.1, which SpiNNMan knows as localhost.",
      facts,
    );
  return new BoardError(
    "BOARD_ADDRESS",
    `UDP port ${port} of ${address}: ${error.message}`,
    "Take another address.",
    facts,
  );
}

/** The next address of the loopback network; 127.0.0.1 is SpiNNMan's own. */
export function another(address: string): string {
  const [a, b, c, d] = ipOf(address);
  return [a, b, c, d >= 254 || !(d >= 2) ? 2 : d + 1].join(".");
}
