// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { children } from "../../scripts/chaos/patience.ts";
import { fuzz } from "../../scripts/fuzz/campaign.ts";
import { ensurePython } from "../../src/setup/index.mjs";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-fuzz-worker-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("npm run fuzz -- --reader worker", () => {
  it("finds nothing in 3,000 messages that a client could send to Python", async () => {
    const flags = ["--import", "./scripts/register-ts.mjs", "scripts/fuzz.ts", "--json", "--seed", "1"];
    const { stdout } = await execa(process.execPath, [...flags, "--reader", "worker", "--inputs", "3000", "--folder", folder]); // prettier-ignore
    const { findings, targets } = JSON.parse(stdout) as {
      findings: unknown[];
      targets: Record<string, { inputs: number; read: number; refused: number }>;
    };
    expect(findings).toEqual([]);
    expect(targets.worker.inputs).toBe(3000);
    expect(targets.worker.read).toBeGreaterThan(20);
    expect(targets.worker.refused).toBeGreaterThan(300);
  }, 120_000);

  const onLinux = process.platform === "linux" ? it : it.skip; // it looks into /proc
  onLinux(
    "goes on with another Python where somebody ended the one that had nothing to do",
    async () => {
      const readers = () =>
        children().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("worker.py"));
      const ended: number[] = [];
      const { findings, targets } = await fuzz({
        folder: join(folder, "ended"),
        seed: 2,
        inputs: 4000,
        readers: ["worker"],
        onProgress: () => {
          for (const pid of readers()) {
            ended.push(pid);
            process.kill(pid, "SIGKILL");
          }
        },
      });
      expect(ended.length).toBe(2);
      expect(findings).toEqual([]);
      const { inputs, read, refused } = targets["worker"];
      expect([inputs, read + refused]).toEqual([4000, 4000]);
      expect(readers()).toEqual([]);
    },
    120_000,
  );

  it("sees an error that is none of the protocol's", async () => {
    // The same bridge, but for a validator that forgets to say in words what is wrong.
    cpSync("py-bridge/dsqn_bridge", join(folder, "bridge", "dsqn_bridge"), { recursive: true });
    const file = join(folder, "bridge", "dsqn_bridge", "validate.py");
    writeFileSync(file, readFileSync(file, "utf8").replace('raise SchemaError(f"{path} should be', 'raise KeyError(f"{path} should be')); // prettier-ignore
    const { python } = await ensurePython([]);
    const child = execa(python, ["scripts/fuzz/worker.py", folder, join(folder, "place")], {
      ipc: true,
      serialization: "json",
      env: { PYTHONPATH: join(folder, "bridge") },
      reject: false,
    });
    const reports: { kind: string; finding?: { fault: string } }[] = [];
    await child.getOneMessage();
    // {"type": "ping"} lacks its number; {"type": "ping", "seq": "x"} has one of another type.
    const inputs = ["gaR0eXBlpHBpbmc=", "gqR0eXBlpHBpbmejc2VxoXg="];
    await child.sendMessage({ target: "worker", seed: 1, from: 0, to: 2, inputs });
    for await (const message of child.getEachMessage()) {
      reports.push(message as (typeof reports)[number]);
      if ((message as { kind: string }).kind === "done") break;
    }
    child.kill();
    await child;
    expect(reports).toMatchObject([{ kind: "finding", finding: { index: 1, fault: "untyped" } }, { kind: "done" }]);
  }, 60_000);
});
