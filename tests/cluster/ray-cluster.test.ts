import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openWorker, type Worker, withWorkersAt } from "../../src/bridge/index.ts";
import { openExecutor, runJob } from "../../src/cluster/index.ts";
import { JobInputs } from "../../src/cluster/run.ts";
import { openRayPlace, type RayPlace } from "../../src/cluster/ray/place.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadModel } from "../../src/network/file/model.ts";
import { ensurePython } from "../../src/setup/index.mjs";
import { certifyNetworks } from "../../src/simulators/certificate.ts";
import { randomSubjects } from "../../src/simulators/fuzz.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import { conformance, expected, inFolder, rehearsal, stepOf, until, valuesOf } from "./conformance.ts";
import { isAlone } from "./ray-here.ts";

/**
 * A cluster of two nodes, 127.0.0.1 and 127.0.0.2, of which the second is killed and comes again. Ray binds all interfaces, so this runs only where there is
 * nothing but loopback:
 *
 *     unshare -n sh -c 'ip link set lo up; npm test -- tests/cluster/ray-cluster.test.ts'
 */
const alone = isAlone();
const MODELS = fileURLToPath(new URL("../../models", import.meta.url));

(alone ? describe : describe.skip)(
  `Ray on two nodes${alone ? "" : " (skipped: there is a network; unshare -n)"}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "dsqn-ray-"));
    let nodes: ChildProcess;
    let lines: AsyncIterator<string>;
    let address = "";
    const say = async (line: string): Promise<void> => {
      nodes.stdin!.write(`${line}\n`);
      await lines.next();
    };

    beforeAll(async () => {
      const { python } = await ensurePython(["base", "nest", "ray"]);
      nodes = spawn(
        python,
        [fileURLToPath(new URL("ray-nodes.py", import.meta.url)), join(folder, "nodes"), "2", "4"],
        { stdio: ["pipe", "pipe", "inherit"] },
      );
      lines = createInterface({ input: nodes.stdout! })[Symbol.asyncIterator]();
      const told = JSON.parse((await lines.next()).value as string) as { address: string; token: string };
      ({ address } = told);
      process.env["RAY_AUTH_TOKEN_PATH"] = told.token;
    }, 300_000);

    afterAll(async () => {
      nodes.stdin!.end();
      await new Promise((ended) => nodes.once("exit", ended));
      rmSync(folder, { recursive: true, force: true });
    }, 60_000);

    conformance({ name: "ray", open: () => openExecutor(`ray:${address}`) });

    it("brings results home where no folder is shared, and takes inputs along", () =>
      inFolder({}, async (job) => {
        const pieces = [rehearsal("one"), rehearsal("two", { steps: 9 }), rehearsal("bad", { fails: true })];
        const inputs = new JobInputs();
        inputs.add("x.txt", Buffer.from("x"));
        const executor = await openExecutor(`ray:${address},folder=own`);
        try {
          const work = { folder: job, name: "own", command: [], inputs };
          expect(await runJob(executor, { ...work, pieces }).catch((error: unknown) => error)).toMatchObject({
            code: "PIECES_FAILED",
            facts: { failures: [{ id: "bad", code: "BAD_ARGUMENT" }] },
          });
          const good = pieces.slice(0, 2);
          expect(valuesOf(await runJob(executor, { ...work, pieces: good }))).toEqual(good.map(expected));
          expect(stepOf(job, "two")).toBe(9);
        } finally {
          await executor.close();
        }
      }));

    it("loses nothing, and counts nothing twice, when a node is killed; another one that comes is used", () =>
      inFolder({}, async (job) => {
        const pieces = Array.from({ length: 16 }, (_, k) => rehearsal(`p-${k}`, { steps: 20, milliseconds: 100 }));
        const said: string[] = [];
        const heard: string[] = [];
        const executor = await openExecutor(`ray:${address}`);
        try {
          const running = runJob(executor, {
            folder: job,
            name: "killed",
            command: [],
            pieces,
            log: (line) => said.push(line),
            onResult: ({ id }) => heard.push(id),
          });
          await until(() => stepOf(job, "p-3") >= 5);
          await say("kill 1");
          expect(valuesOf(await running)).toEqual(pieces.map(expected));
          expect([...heard].sort()).toEqual(pieces.map(({ id }) => id).sort());
          expect(said.join("\n")).toContain("127.0.0.2 is gone");
        } finally {
          await executor.close();
        }
        await say("add");
      }));

    describe("bad input, told before any work", () => {
      const failing = async (on: string, job: string): Promise<unknown> => {
        const executor = await openExecutor(on);
        try {
          return await runJob(executor, { folder: job, name: "bad", command: [], pieces: [rehearsal("one")] }).catch(
            (error: unknown) => error,
          );
        } finally {
          await executor.close();
        }
      };

      it("a wrong token", () =>
        inFolder({}, async (job) => {
          process.env["RAY_AUTH_TOKEN"] = "0".repeat(64);
          try {
            expect(await failing(`ray:${address}`, job)).toMatchObject({ code: "CLUSTER_TOKEN" });
          } finally {
            delete process.env["RAY_AUTH_TOKEN"];
          }
        }));

      it("another version on a node, or none", () =>
        inFolder({}, async (job) => {
          expect(await failing(`ray:${address},code=${folder}`, job)).toMatchObject({ code: "CLUSTER_VERSION" });
        }));

      it("no Node.js on a node", () =>
        inFolder({}, async (job) => {
          expect(await failing(`ray:${address},node=/no/such/node`, job)).toMatchObject({ code: "RAY_NODE_UNFIT" });
        }));

      it("a folder that the nodes do not see", async () => {
        // For each process another one.
        const here = process.cwd();
        process.chdir(folder);
        try {
          expect(await failing(`ray:${address}`, "/proc/self/cwd/unshared")).toMatchObject({ code: "CLUSTER_FOLDER" });
        } finally {
          process.chdir(here);
        }
      });
    });

    describe("workers of the bridge on the nodes", () => {
      let place: RayPlace;
      beforeAll(async () => (place = await openRayPlace(`${address},workers=8`)), 120_000);
      afterAll(() => place.close());

      const failure = (worker: Worker): Promise<unknown> => worker.call("core.echo").catch((error: unknown) => error);

      it("lose their calls with the errors of home: killed, or stopped", async () => {
        const killed = await openWorker({ place, name: "killed" });
        expect((await killed.call("core.echo", { x: 1 })).result).toEqual({ x: 1 });
        process.kill(killed.pid, "SIGKILL");
        expect(await failure(killed)).toMatchObject({
          code: "WORKER_LOST",
          message: expect.stringContaining("SIGKILL"),
        });
        const stopped = await openWorker({ place, name: "stopped", heartbeatMs: 500 });
        process.kill(stopped.pid, "SIGSTOP");
        expect(await failure(stopped)).toMatchObject({ code: "WORKER_HUNG" });
      });

      it("play the same episodes, eight of them, as one at home", async () => {
        const { network } = await loadModel(join(MODELS, "cartpole-dqn.safetensors"));
        const play = () =>
          withGymnasium({ id: "CartPole-v1" }, (make) =>
            evaluate(policyOf(network), make, { episodes: 20, firstSeed: 5 }),
          );
        const [here, there] = [await play(), await withWorkersAt(place, play)];
        expect(there.returns).toEqual(here.returns);
        expect(there.decisions).toBe(here.decisions);
      });

      it("judge as at home", async () => {
        const certify = async () => {
          const simulator = await openSimulator("nest");
          try {
            const { results } = await certifyNetworks(randomSubjects(0, 3, 2, { seed: 1 }), 3, {
              simulator,
              engine: referenceEngine,
            });
            return results.map((result) => ({ ...result, seconds: undefined }));
          } finally {
            await simulator.close();
          }
        };
        const [here, there] = [await certify(), await withWorkersAt(place, certify)];
        expect(JSON.stringify(there)).toBe(JSON.stringify(here));
      });

      it("are lost with their node, by the same error", async () => {
        // More than one node of four cores holds.
        const workers = await Promise.all(Array.from({ length: 6 }, (_, k) => openWorker({ place, name: `w-${k}` })));
        const calls = workers.map((worker) => worker.call("core.echo"));
        await Promise.all(calls);
        await say("kill 2");
        const told = await Promise.all(workers.map(failure));
        const lost = told.filter((one) => (one as { code?: string }).code === "WORKER_LOST");
        expect(lost.length).toBeGreaterThanOrEqual(2);
        expect(lost.length).toBeLessThanOrEqual(4);
        await Promise.all(workers.map((worker) => worker.close()));
      });
    });
  },
);
