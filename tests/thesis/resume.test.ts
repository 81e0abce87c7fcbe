// tier: long
import { execa } from "execa";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "dsqn-reproduce-"));
const rows = join(folder, "rows");
const kept = (): string[] => (existsSync(rows) ? readdirSync(rows).filter((name) => !name.startsWith(".")) : []);
const reproduce = () =>
  execa("node", ["scripts/dsqn.mjs", "reproduce", "policy-gradient", "--quick", "--json", "--out", folder], {
    reject: false,
  });
/** Processes that measure rows, of this command alone: their parent is `pid`. */
const children = (pid: number): string[] => {
  const path = `/proc/${pid}/task/${pid}/children`;
  return existsSync(path) ? readFileSync(path, "utf8").split(" ").filter(Boolean) : [];
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dsqn reproduce", () => {
  it("goes on after kill -9 with the rows that are done, and leaves no process behind", async () => {
    const killed = reproduce();
    while (kept().length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    const workers = children(killed.pid!);
    expect(workers.length).toBeGreaterThan(0);
    killed.kill("SIGKILL");
    await killed;
    while (workers.some((pid) => existsSync(`/proc/${pid}`))) await new Promise((resolve) => setTimeout(resolve, 50));
    const before = new Map(kept().map((name) => [name, statSync(join(rows, name)).mtimeMs]));
    expect(before.size).toBeLessThan(9);

    const { exitCode, stdout } = await reproduce();
    expect(exitCode).toBe(0);
    const result = JSON.parse(stdout) as { rows: { name: string; ours: { mean: number; episodes: number } }[] };
    expect(result.rows).toHaveLength(9);
    for (const { ours } of result.rows) expect(ours).toMatchObject({ episodes: 20, mean: expect.any(Number) });
    expect(kept()).toHaveLength(9);
    for (const [name, time] of before) expect(statSync(join(rows, name)).mtimeMs).toBe(time);
    expect(existsSync(join(folder, "report.html"))).toBe(true);
  }, 240_000);
});
