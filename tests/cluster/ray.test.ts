import { afterAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openExecutor, runJob } from "../../src/cluster/index.ts";
import { packageCode } from "../../src/cluster/ray/code.ts";
import { openRayPlace } from "../../src/cluster/ray/place.ts";
import { rayOptions } from "../../src/cluster/ray/options.ts";
import { expected, inFolder, rehearsal, valuesOf } from "./conformance.ts";
import { unfitForRay } from "./ray-here.ts";

describe("--on ray:...", () => {
  it("names an address, and options after commas", () => {
    expect(rayOptions()).toMatchObject({ address: undefined, shared: true, node: process.execPath });
    expect(rayOptions("10.0.0.1:6379")).toMatchObject({ address: "10.0.0.1:6379", node: "node", code: undefined });
    expect(rayOptions("[fe80::1]:6379,folder=own,code=/opt/dsqn,node=/usr/bin/node,workers=8")).toEqual({
      ...{
        address: "[fe80::1]:6379",
        shared: false,
        code: "/opt/dsqn",
        node: "/usr/bin/node",
        workers: 8,
        cpus: undefined,
      },
    });
    expect(rayOptions(",cpus=3").cpus).toBe(3);
  });

  it.each([
    "10.0.0.1",
    "ray://10.0.0.1:10001",
    "auto,code=dsqn",
    "auto,folder=mine",
    "auto,cpus=2",
    ",cpus=none",
    "auto,workers=0",
    "auto,what=1",
    "auto,",
  ])("refuses %s", async (place) => {
    const failure = await openExecutor(`ray:${place}`).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "BAD_ARGUMENT", exitCode: 2 });
  });

  it("has workers live only where they can be reached", async () => {
    await expect(openRayPlace(",workers=2")).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });
});

describe("dsqn's code for other machines", () => {
  it("is the package with what it needs of npm, and no more", () => {
    const { base, files, hash } = packageCode();
    expect(files).toEqual(expect.arrayContaining(["package.json", "src/cli/main.ts", "py-bridge/dsqn_bridge/server.py", "node_modules/commander/package.json", "node_modules/typescript/package.json"])); // prettier-ignore
    expect(
      files.filter((file) =>
        /^(tests|runs|docs|\.git|\.dsqn)\/|__pycache__|node_modules\/(jest|eslint|prettier)\//.test(file),
      ),
    ).toEqual([]);
    expect(files.filter((file) => !existsSync(join(base, file)))).toEqual([]);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

const unfit = await unfitForRay();

(unfit === undefined ? describe : describe.skip)(
  `Ray in a network of its own${unfit === undefined ? "" : ` (skipped: ${unfit})`}`,
  () => {
    const home = mkdtempSync(join(tmpdir(), "dsqn-no-token-"));
    afterAll(() => rmSync(home, { recursive: true, force: true }));

    it("does pieces as tasks of a cluster that it starts for them", () =>
      inFolder({}, async (folder) => {
        const executor = await openExecutor("ray:,cpus=2");
        const pieces = [rehearsal("one", { steps: 5 }), rehearsal("two")];
        try {
          const results = await runJob(executor, { folder, name: "two", command: [], pieces });
          expect(valuesOf(results)).toEqual(pieces.map(expected));
        } finally {
          await executor.close();
        }
      }));

    it("says so where no cluster answers", async () => {
      const failure = await tried("ray:127.0.0.1:9");
      expect(failure).toMatchObject({ code: "RAY_UNREACHABLE", facts: { address: "127.0.0.1:9" } });
    });

    it("wants a token before it says a word to a cluster", async () => {
      const before = { HOME: process.env.HOME, RAY_AUTH_TOKEN_PATH: process.env.RAY_AUTH_TOKEN_PATH };
      let words = 0;
      const server = createServer((socket) => socket.on("data", () => words++).on("error", () => undefined)).listen(
        0,
        "127.0.0.1",
      );
      await new Promise((listening) => server.once("listening", listening));
      try {
        process.env.HOME = home;
        delete process.env.RAY_AUTH_TOKEN_PATH;
        const { port } = server.address() as { port: number };
        expect(await tried(`ray:127.0.0.1:${port}`)).toMatchObject({ code: "CLUSTER_TOKEN" });
        expect(words).toBe(0);
      } finally {
        process.env.HOME = before.HOME;
        if (before.RAY_AUTH_TOKEN_PATH !== undefined) process.env.RAY_AUTH_TOKEN_PATH = before.RAY_AUTH_TOKEN_PATH;
        server.close();
      }
    });

    /** What a job that runs there fails with. */
    async function tried(on: string): Promise<unknown> {
      let failure: unknown;
      await inFolder({}, async (folder) => {
        const executor = await openExecutor(on);
        try {
          failure = await runJob(executor, { folder, name: "one", command: [], pieces: [rehearsal("one")] }).catch(
            (error: unknown) => error,
          );
          // Before any work.
          expect(existsSync(join(folder, "pieces", "one"))).toBe(false);
          expect(readFileSync(join(folder, "job.json"), "utf8")).toContain("one");
        } finally {
          await executor.close();
        }
      });
      return failure;
    }
  },
);
