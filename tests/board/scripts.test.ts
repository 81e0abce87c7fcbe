// tier: long
import { execa } from "execa";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBoard } from "../../src/board/index.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";

/** What sPyNNaker computes, in scripts that any PyNN user could have written, each with what it must come to: see their first lines. */
const SCRIPTS = [
  "delta",
  "poisson",
  "current",
  "conductance",
  "izhikevich",
  "stdp",
  "delays",
  "again",
  "live",
  "debug",
  "monitors",
] as const;
const BIG_BOARD = ["delta", "delays", "monitors"];

interface Reported {
  readonly quantity: string;
  readonly ok: boolean;
}

/** The script's own verdicts, and what the board could not do. */
async function run(
  name: string,
  version: number,
): Promise<{ reported: Reported[]; problems: string[]; output: string }> {
  const { python } = await ensurePython(["base", "nest", "pynn", "spinnaker"]);
  const home = await mkdtemp(join(tmpdir(), "dsqn-board-test-"));
  const problems: string[] = [];
  const board = await openBoard({ version, onProblem: ({ message }) => problems.push(message) });
  try {
    await writeFile(join(home, ".spynnaker.cfg"), `[Machine]\n${board.configuration}\n`);
    const script = fileURLToPath(new URL(`./scripts/${name}.py`, import.meta.url));
    const { stdout, all } = await execa(python, [script], {
      cwd: home,
      env: { HOME: home, USERPROFILE: home, PYTHONDONTWRITEBYTECODE: "1" },
      reject: false,
      all: true,
    });
    const reported = [...stdout.matchAll(/^REPORT (.*)$/gm)].map(([, line]) => JSON.parse(line) as Reported);
    return { reported, problems, output: all };
  } finally {
    await board.close();
    await rm(home, { recursive: true, force: true });
  }
}

const cases = [...SCRIPTS.map((name) => [name, 3] as const), ...BIG_BOARD.map((name) => [name, 5] as const)];

describe("unmodified scripts of sPyNNaker on the emulated board", () => {
  it.each(cases)(
    "%s.py on a board of version %d",
    async (name, version) => {
      const { reported, problems, output } = await run(name, version);
      if (reported.length === 0) throw new Error(output.slice(-4000));
      expect(reported.filter(({ ok }) => !ok)).toEqual([]);
      expect(problems).toEqual([]);
    },
    600_000,
  );
});
