import { execa } from "execa";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CoreOptions } from "../../src/board/cpu/core.ts";
import { Emulator } from "../../src/board/emulator.ts";
import { configurationOf } from "../../src/board/open.ts";
import { another, BoardServer } from "../../src/board/server.ts";

/** A message of the host, and the board's time when it came. */
interface Message {
  readonly at: number;
  readonly packet: Buffer;
}

export type Recording = readonly Message[];

const VERSION = 3;
/** Beyond those that a board takes by itself first. */
const FIRST_ADDRESS = "127.0.0.200";

/** What the host says to a board while a script runs on it. */
export async function record(python: string, script: readonly string[], signal?: AbortSignal): Promise<Recording> {
  const { server, address } = await open();
  const messages: Message[] = [];
  const { monitor, machine } = server["emulator"];
  const fromHost = monitor.fromHost.bind(monitor);
  monitor.fromHost = (packet, sender) => {
    messages.push({ at: machine.now, packet: Buffer.from(packet) });
    fromHost(packet, sender);
  };
  const home = await mkdtemp(join(tmpdir(), "dsqn-bench-"));
  try {
    await writeFile(join(home, ".spynnaker.cfg"), `[Machine]\n${configurationOf(address, VERSION)}\n`);
    await execa(python, script, { cwd: home, env: { HOME: home, USERPROFILE: home }, cancelSignal: signal });
    return messages;
  } finally {
    server.close();
    await rm(home, { recursive: true, force: true });
  }
}

async function open(): Promise<{ server: BoardServer; address: string }> {
  for (let address = FIRST_ADDRESS; ; address = another(address)) {
    // Interpreted, so that nothing is translated yet when the first replay begins.
    const server = new BoardServer({ version: VERSION, address, pace: "fast", core: { engine: "interpret" } });
    try {
      await server.open();
      return { server, address };
    } catch (error) {
      server.close();
      if (another(address) === FIRST_ADDRESS) throw error;
    }
  }
}

export interface Replayed {
  /** Of this machine. */
  readonly seconds: number;
  readonly instructions: number;
  /** Words of all memories, as one number. */
  readonly memory: number;
}

/** The same messages to a new board, each at the same time of the board. */
export function replay(messages: Recording, core: CoreOptions): Replayed {
  const emulator = new Emulator({
    version: VERSION,
    ip: [127, 0, 0, 2],
    time: 0,
    core,
    uplink: { send: () => undefined, listen: () => undefined },
    onProblem: ({ message }) => {
      throw new Error(message);
    },
  });
  const { machine, monitor } = emulator;
  const begin = process.cpuUsage();
  for (const { at, packet } of messages) {
    while (machine.now < at && emulator.run(Infinity, () => machine.now < at));
    machine.now = Math.max(machine.now, at);
    monitor.fromHost(Buffer.from(packet), { address: "127.0.0.1", port: 1 });
  }
  const { user, system } = process.cpuUsage(begin);
  const cores = machine.chips.flatMap(({ processors }) => processors);
  return {
    seconds: (user + system) / 1e6,
    instructions: cores.reduce((sum, processor) => sum + processor.core.instructions, 0),
    memory: machine.chips.reduce((sum, { memory }) => checksum(sum, memory), 0),
  };
}

function checksum(start: number, { sdram, sysram, cores }: Emulator["machine"]["chips"][0]["memory"]): number {
  const { imul } = Math;
  let sum = start;
  for (const { words } of [sdram, sysram, ...cores.flatMap(({ itcm, dtcm }) => [itcm, dtcm])])
    for (let index = 0; index < words.length; index++) sum = imul(sum ^ words[index], 0x01000193);
  return sum;
}
