import { describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import type { Executor, Piece, PieceResult } from "../../src/cluster/executor.ts";
import { runJob } from "../../src/cluster/run.ts";
import { pieceFolder } from "../../src/cluster/job.ts";
import type { RehearsalInput } from "../../src/jobs/pieces/rehearsal.ts";

/** What every executor must pass. Pieces are rehearsals: they hash, wait, and leave a checkpoint after each step. */
export interface Place {
  readonly name: string;
  open(): Promise<Executor>;
  /** Below it job folders are made, where all nodes see them; the system's temporary folder unless given. */
  readonly folder?: string;
  /** Whether pieces can be begun by a process that this machine's system sees and kills. */
  readonly timeoutMs?: number;
}

export const rehearsal = (id: string, input: Partial<RehearsalInput> = {}): Piece => ({
  id,
  kind: "rehearsal",
  input: { text: id, steps: 3, milliseconds: 0, ...input } satisfies RehearsalInput,
  cpus: 1,
});

/** What a rehearsal comes to, by other means. */
export function expected({ id, input }: Piece): unknown {
  const { text, steps } = input as RehearsalInput;
  let hash = text;
  for (let step = 0; step < steps; step++) hash = createHash("sha256").update(hash).digest("hex");
  expect(text).toBe(id);
  return { text, steps, hash };
}

export const valuesOf = (results: readonly PieceResult[]): unknown[] => results.map(({ value }) => value);

/** The process that holds a piece's lease, or undefined. */
export function holderOf(folder: string, id: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(join(pieceFolder(folder, id), "lease"), "utf8")) as { pid: number }).pid;
  } catch {
    return undefined;
  }
}

/** Waits until `found` gives something. */
export async function until<T>(found: () => T | undefined | false | null, ms = 60_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    const value = found();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("It did not happen in time.");
}

/** The step that the piece's newest checkpoint is of. */
export function stepOf(folder: string, id: string): number {
  try {
    return (JSON.parse(readFileSync(join(folder, id, "checkpoint.json"), "utf8")) as { step: number }).step;
  } catch {
    return 0;
  }
}

export async function inFolder(place: Pick<Place, "folder">, use: (folder: string) => Promise<void>): Promise<void> {
  const parent = mkdtempSync(join(place.folder ?? tmpdir(), "dsqn-job-"));
  try {
    await use(join(parent, "job"));
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** The laws that `Executor` states, for one place. */
export function conformance(place: Place): void {
  const { timeoutMs = 180_000 } = place;
  const run = async (
    folder: string,
    pieces: readonly Piece[],
    more: {
      signal?: AbortSignal;
      log?: (line: string) => void;
      onResult?: (r: PieceResult) => void;
      command?: string[];
    } = {},
  ): Promise<PieceResult[]> => {
    const executor = await place.open();
    try {
      return await runJob(executor, { folder, name: "rehearsal", command: [], pieces, ...more });
    } finally {
      await executor.close();
    }
  };

  describe(`${place.name} as an executor`, () => {
    it("gives each piece's value in the pieces' order, whatever order they end in", () =>
      inFolder(place, async (folder) => {
        // The first takes longest.
        const pieces = Array.from({ length: 7 }, (_, k) => rehearsal(`p-${k}`, { milliseconds: k === 0 ? 150 : 0, steps: 3 + k }));
        const seen: string[] = [];
        const results = await run(folder, pieces, { onResult: ({ id }) => seen.push(id) });
        expect(valuesOf(results)).toEqual(pieces.map(expected));
        // Each is heard of once, and its own.
        expect([...seen].sort()).toEqual(pieces.map(({ id }) => id));
        expect(readdirSync(join(folder, "pieces")).sort()).toEqual(pieces.map(({ id }) => id));
      }), timeoutMs); // prettier-ignore

    it("does nothing twice: the same job again takes what is there, and further pieces join it", () =>
      inFolder(place, async (folder) => {
        const two = [rehearsal("a"), rehearsal("b")];
        const first = await run(folder, two);
        const again = await run(folder, [...two, rehearsal("c")]);
        expect(again.slice(0, 2)).toEqual(first);
        expect(valuesOf(again)).toEqual([...two, rehearsal("c")].map(expected));
      }), timeoutMs); // prettier-ignore

    it("ends all others where one fails, names it, and tries it again when asked again", () =>
      inFolder(place, async (folder) => {
        const pieces = [rehearsal("good-1"), rehearsal("bad", { fails: true }), rehearsal("good-2")];
        const failure = await run(folder, pieces).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: "PIECES_FAILED", facts: { failures: [{ id: "bad", code: "BAD_ARGUMENT" }] } });
        for (const id of ["good-1", "good-2"]) expect(existsSync(join(pieceFolder(folder, id), "result.json"))).toBe(true);
        const failed = (): number => readFileSync(join(pieceFolder(folder, "bad"), "failure.json")).length;
        expect(failed()).toBeGreaterThan(0);
        rmSync(join(pieceFolder(folder, "bad"), "failure.json"));
        await run(folder, pieces).catch(() => undefined);
        expect(failed()).toBeGreaterThan(0);
      }), timeoutMs); // prettier-ignore

    it("begins a piece again whose process is killed, at its checkpoint", () =>
      inFolder(place, async (folder) => {
        const pieces = [rehearsal("killed", { steps: 40, milliseconds: 50 }), rehearsal("other")];
        const running = run(folder, pieces);
        const pid = await until(() => stepOf(folder, "killed") >= 5 && holderOf(folder, "killed"));
        process.kill(pid, "SIGKILL");
        expect(valuesOf(await running)).toEqual(pieces.map(expected));
        const { resumedAt } = JSON.parse(readFileSync(join(folder, "killed", "resumed.json"), "utf8")) as { resumedAt: number };
        expect(resumedAt).toBeGreaterThanOrEqual(5);
        expect(resumedAt).toBeLessThan(40);
      }), timeoutMs); // prettier-ignore

    it("leaves everything resumable on Ctrl-C, and goes on there", () =>
      inFolder(place, async (folder) => {
        const pieces = ["x", "y", "z"].map((id) => rehearsal(id, { steps: 30, milliseconds: 50 }));
        const stop = new AbortController();
        const running = run(folder, pieces, { signal: stop.signal }).catch((error: unknown) => error);
        await until(() => stepOf(folder, "x") >= 3);
        stop.abort(new Error("Ctrl-C"));
        expect(await running).toMatchObject({ code: "INTERRUPTED", facts: { folder } });
        expect(valuesOf(await run(folder, pieces))).toEqual(pieces.map(expected));
        const executor = await place.open();
        await executor.close();
        if (executor.detaches) return;
        const { resumedAt } = JSON.parse(readFileSync(join(folder, "x", "resumed.json"), "utf8")) as { resumedAt: number };
        expect(resumedAt).toBeGreaterThanOrEqual(3);
      }), timeoutMs); // prettier-ignore

    it("refuses a job that another version began, before any work", () =>
      inFolder(place, async (folder) => {
        await run(folder, [rehearsal("a")]);
        const file = join(folder, "job.json");
        writeFileSync(file, readFileSync(file, "utf8").replace(/"dsqn": "[^"]*"/, '"dsqn": "0.0.1"'));
        await expect(run(folder, [rehearsal("a"), rehearsal("b")])).rejects.toMatchObject({ code: "CLUSTER_VERSION" });
        expect(existsSync(pieceFolder(folder, "b"))).toBe(false);
      }), timeoutMs); // prettier-ignore
  });
}
