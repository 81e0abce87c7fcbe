// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { openExecutor } from "../../src/cluster/open.ts";
import { runJob } from "../../src/cluster/run.ts";
import { quoted, scriptsOf } from "../../src/cluster/slurm/scripts.ts";
import { conformance, expected, inFolder, type Place, rehearsal, valuesOf } from "./conformance.ts";
import { openSlurmMachine, type SlurmMachine, whyNoSlurm } from "./slurm-machine.ts";

describe("scripts for Slurm", () => {
  const batch = {
    folder: "/disk/it's 50%",
    place: "/disk/it's 50%/slurm/1",
    name: "cartpole-dqn",
    tasks: [["a", "c"], ["b"]],
    cpus: 2,
    partition: "gpu",
    code: "abc",
    token: "t",
    collect: ["train", "--out", "/disk/it's 50%"],
    cwd: "/home",
  };

  it("are such as bash takes, whatever the folder is called", () => {
    const scripts = scriptsOf(batch);
    for (const name of ["check.sh", "array.sh", "collect.sh", "submit.sh"])
      execFileSync("bash", ["-n"], { input: scripts[name] });
    const word = (text: string): string =>
      execFileSync("bash", ["-c", `printf %s ${quoted(text)}`], { encoding: "utf8" });
    for (const text of [batch.folder, 'a "b" $c `d`', "\\", "plain"]) expect(word(text)).toBe(text);
    expect(scripts["array.sh"]).toContain('--output="/disk/it\'s 50%%/slurm/1/task-%a.log"');
    expect(scripts["array.sh"]).toContain("#SBATCH --array=0-1");
    expect(scripts["pieces.txt"]).toBe("a c\nb\n");
  });

  it("are missing where sbatch is, which is said before work starts", () =>
    inFolder({}, async (folder) => {
      const { PATH } = process.env;
      process.env.PATH = dirname(process.execPath) === "/usr/bin" ? "/nowhere" : dirname(process.execPath);
      try {
        const job = runJob(await openExecutor("slurm"), { folder, name: "x", command: [], pieces: [rehearsal("a")] });
        await expect(job).rejects.toMatchObject({ code: "SLURM_MISSING" });
        expect(existsSync(join(folder, "slurm"))).toBe(false);
      } finally {
        process.env.PATH = PATH;
      }
    }));
});

const reason = whyNoSlurm();
if (reason !== undefined) process.stderr.write(`A real Slurm is not tested: ${reason}.\n`);

(reason === undefined ? describe : describe.skip)(
  `a real Slurm${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  () => {
    let machine: SlurmMachine;
    const { PATH } = process.env;
    const place: Place = {
      name: "Slurm",
      open: () => openExecutor("slurm"),
      get folder() {
        return machine.folder;
      },
      timeoutMs: 400_000,
    };
    const refusing = async (on: string, folder: string, done = (): void => undefined): Promise<void> => {
      const job = runJob(await openExecutor(on), {
        folder,
        name: "x",
        command: [],
        pieces: [rehearsal("a")],
        onResult: done,
      });
      await job;
    };

    beforeAll(async () => {
      machine = await openSlurmMachine();
      process.env.PATH = `${machine.bin}${delimiter}${PATH}`;
    }, 200_000);
    afterAll(async () => {
      process.env.PATH = PATH;
      await machine?.close();
    }, 120_000);

    conformance(place);

    it("says before work starts that a node does not share the folder", () =>
    inFolder({ folder: machine.unshared }, async (folder) => {
      await expect(refusing("slurm", folder)).rejects.toMatchObject({ code: "CLUSTER_FOLDER" });
      expect(existsSync(join(folder, "a"))).toBe(false);
    }), 200_000); // prettier-ignore

    it("says before work starts that a node has another version", () =>
    inFolder(machine, async (folder) => {
      await expect(refusing("slurm:old", folder)).rejects.toMatchObject({ code: "CLUSTER_VERSION" });
      expect(existsSync(join(folder, "a"))).toBe(false);
    }), 200_000); // prettier-ignore

    it("passes on what Slurm says of a partition that is not there", () =>
    inFolder(machine, async (folder) => {
      await expect(refusing("slurm:nowhere", folder)).rejects.toMatchObject({ code: "SLURM_REFUSED", message: expect.stringContaining("partition") }); // prettier-ignore
    }), 200_000); // prettier-ignore

    it("has scripts that are submitted by hand, whose results the same job finds", () =>
    inFolder(machine, async (folder) => {
      const pieces = [rehearsal("a"), rehearsal("b")];
      const { createJob } = await import("../../src/cluster/job.ts");
      const { versions } = await import("../../src/cluster/identity.ts");
      const job = createJob(folder, { format: 1, name: "x", command: [], versions: versions(), pieces });
      const files = await (await openExecutor("slurm")).plan!(job, pieces);
      execFileSync("bash", [files.at(-1)!], { env: process.env });
      const results = await runJob(await openExecutor("slurm"), { folder, name: "x", command: [], pieces });
      expect(valuesOf(results)).toEqual(pieces.map(expected));
      expect(readFileSync(join(folder, "slurm/1/submitted.txt"), "utf8")).toMatch(/^\d+ \d+ $/m);
      expect(existsSync(join(folder, "slurm/2"))).toBe(false);
    }), 200_000); // prettier-ignore
  },
);
