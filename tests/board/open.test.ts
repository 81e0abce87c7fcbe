import { createSocket, type Socket } from "node:dgram";
import { execa } from "execa";
import { fileURLToPath } from "node:url";
import { type Board, openBoard } from "../../src/board/index.ts";

const dsqn = fileURLToPath(new URL("../../scripts/dsqn.mjs", import.meta.url));
/** SCP: version, to the root chip. */
const VERSION = Uint8Array.from([0, 0, 0x87, 0xff, 0, 0xff, 0xff, 0xff, 0, 0, ...new Array<number>(16).fill(0)]);

/** The answer of a board's port, null after a while. */
async function ask(address: string, port: number, packet: Uint8Array, ms = 1500): Promise<Uint8Array | null> {
  const socket: Socket = createSocket("udp4");
  try {
    return await new Promise((resolve) => {
      setTimeout(() => resolve(null), ms);
      socket.once("message", (answer) => resolve(answer));
      socket.send(packet, port, address);
    });
  } finally {
    socket.close();
  }
}

/** A packet that boots: its operation, in network order. */
function boot(operation: number): Uint8Array {
  const packet = new Uint8Array(18);
  packet.set([0, 1, 0, 0, 0, operation]);
  return packet;
}

describe("openBoard", () => {
  let board: Board | undefined;
  afterEach(async () => {
    await board?.close();
    board = undefined;
  });

  it("answers over UDP at the first address that is free, and says what to configure", async () => {
    const lines: string[] = [];
    board = await openBoard({ version: 3, onTrace: (line) => lines.push(line) });
    const answer = await ask(board.address, 17893, VERSION);
    expect(Buffer.from(answer!.subarray(26)).toString("latin1")).toMatch(/^SC&MP\/SpiNNaker/);
    expect(board.configuration).toContain(`machine_name = ${board.machineName}\nversion = 3`);
    expect(await board.status()).toMatchObject({ version: 3, cores: [], problems: [], commands: { VER: 1 } });
    expect(lines).toEqual(["(0, 0) VER 0 0 0"]);
    const second = await openBoard({ version: 3 });
    expect(second.address).not.toBe(board.address);
    await second.close();
  });

  it("offers another address where one is taken, and frees its own", async () => {
    // An address that no other test takes as the first free one.
    const address = process.platform === "darwin" ? "127.0.0.1" : `127.${1 + (process.pid % 250)}.7.7`;
    board = await openBoard({ version: 3, address });
    await expect(openBoard({ address })).rejects.toMatchObject({
      code: "BOARD_PORT_IN_USE",
      hint: expect.stringMatching(/Take another address: 127\.\d+\.\d+\.\d+/),
    });
    await board.close();
    await expect(board.status()).rejects.toMatchObject({ code: "BOARD_CLOSED" });
    board = await openBoard({ address, version: 3 });
    expect(board.address).toBe(address);
  });

  it("has no board of another version, and none at an address that isn't ours", async () => {
    await expect(openBoard({ version: 4 })).rejects.toMatchObject({ code: "BOARD_VERSION" });
    await expect(openBoard({ address: "192.0.2.7" })).rejects.toMatchObject({ code: "BOARD_ADDRESS" });
  });

  it("is silent while cold, until it is booted", async () => {
    board = await openBoard({ version: 3, cold: true });
    expect(await ask(board.address, 17893, VERSION, 300)).toBeNull();
    for (const operation of [1, 3, 3, 5]) await ask(board.address, 54321, boot(operation), 20);
    expect(await ask(board.address, 17893, VERSION)).not.toBeNull();
  });
});

describe("dsqn board", () => {
  it("runs until Ctrl-C, then prints the board's state as one document and is gone", async () => {
    const child = execa(process.execPath, [dsqn, "board", "--board-version", "3", "--json"], { reject: false });
    const address = await new Promise<string>((resolve) => {
      let text = "";
      child.stderr.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        const found = /machine_name = (\S+)/.exec(text);
        if (found) resolve(found[1]);
      });
    });
    expect(await ask(address, 17893, VERSION)).not.toBeNull();
    child.kill("SIGINT");
    const { stdout, exitCode } = await child;
    expect(JSON.parse(stdout)).toMatchObject({ version: 3, machineName: address, commands: { VER: 1 } });
    expect(exitCode).toBe(1);
    expect(await ask(address, 17893, VERSION, 300)).toBeNull();
  });

  it("gives a script a home with the board's configuration, and its exit code", async () => {
    const script =
      "process.stderr.write(require('fs').readFileSync(process.env.HOME + '/.spynnaker.cfg', 'utf8')); process.exit(3)";
    const { stderr, exitCode } = await execa(
      process.execPath,
      [dsqn, "board", "--board-version", "3", "--", process.execPath, "-e", script],
      {
        reject: false,
      },
    );
    expect(stderr.match(/machine_name = /g)).toHaveLength(2);
    expect(exitCode).toBe(1);
    const missing = await execa(process.execPath, [dsqn, "board", "--", "no-such-python", "net.py"], { reject: false });
    expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('no command "no-such-python"')]);
  });

  const limited = process.platform === "linux" ? it : it.skip;
  limited(
    "says so where the system refuses the address space of its chips, and what needs less (skipped but on Linux: ulimit -v)",
    async () => {
      const run = (version: string, env: NodeJS.ProcessEnv): Promise<{ exitCode?: number; stderr: string }> =>
        execa(
          "/bin/sh",
          [
            "-c",
            'ulimit -v 12582912 && exec "$@"',
            "sh",
            process.execPath,
            dsqn,
            ...["board", "--board-version", version, "--", process.execPath, "-e", "0"],
          ],
          { reject: false, env },
        );
      // From Node 24 on V8 does without guard regions where it can't have them: the board is there all the same.
      const guarded = Number(process.versions.node.split(".")[0]) < 24;
      for (const version of ["3", "5"]) {
        const refused = await run(version, {});
        const said = guarded
          ? expect.stringMatching(/BOARD_MEMORY .*of version \d/)
          : expect.stringContaining("machine_name");
        expect([refused.exitCode, refused.stderr]).toEqual([guarded ? 1 : 0, said]);
        if (guarded) expect(refused.stderr).toContain("--disable-wasm-trap-handler");
      }
      const given = await run("3", { NODE_OPTIONS: "--disable-wasm-trap-handler" });
      expect([given.exitCode, given.stderr]).toEqual([0, expect.stringContaining("machine_name")]);
    },
  );
});
