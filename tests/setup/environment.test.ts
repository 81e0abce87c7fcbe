import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ensurePython, readyPython } from "../../src/setup/environment.mjs";
import { type Sandbox, sandbox } from "./sandbox.ts";

let box: Sandbox;
beforeEach(() => {
  box = sandbox();
  box.python("python3");
  box.uv();
});
afterEach(() => box.remove());

const ensure = (extras: string[] = [], signal?: AbortSignal) => ensurePython(extras, { env: box.env, signal });
const installs = () => box.runs("pip install").length;
const folders = () => readdirSync(box.home).filter((name) => name.startsWith("python-"));
const failing = (how: string) => (box.env.FAKE_FAIL = how);

describe("the managed environment", () => {
  it("is made once, from hash-locked wheels, and then found in no time", async () => {
    expect(await readyPython([], box.env)).toBeUndefined();
    const made = await ensure(["nest"]);
    expect(made).toMatchObject({ version: "3.11.7", managed: true });
    expect(existsSync(made.python)).toBe(true);
    const [install] = box.runs("pip install");
    for (const part of ["--require-hashes", "--only-binary :all:", "locks/base.txt", "locks/nest.txt"])
      expect(install).toContain(part);

    // The quickest of five: the rest is what else the machine does.
    const times: number[] = [];
    while (times.length < 5) {
      const start = performance.now();
      expect(await ensure(["nest"])).toEqual(made);
      times.push(performance.now() - start);
    }
    expect(Math.min(...times)).toBeLessThan(500);
    expect(installs()).toBe(1);
  });

  it("grows by an extra when that is first needed", async () => {
    const { python } = await ensure();
    expect((await ensure(["pynn"])).python).toBe(python);
    expect(box.runs("pip install")[1]).toMatch(/base\.txt.*pynn\.txt/);
    await ensure(["pynn"]);
    expect(installs()).toBe(2);
  });

  it("uses venv and pip without uv", async () => {
    rmSync(path.join(box.folder, "bin", "uv"));
    await ensure();
    expect(box.runs("-m venv")).toHaveLength(1);
    expect(box.runs("-m pip install --require-hashes")).toHaveLength(1);
  });

  it("lets pip try what uv cannot reach", async () => {
    box.env.FAKE_FAIL_UV = "network";
    await ensure();
    expect(box.runs("-m pip install")).toHaveLength(1);
  });

  it("trusts the system's certificate authorities, whatever the option is called", async () => {
    failing("certificate");
    await ensure();
    expect(box.runs("--native-tls")).toHaveLength(1);
    expect(box.runs("-m pip install")).toHaveLength(0);
  });

  it("knows no other extras", async () => {
    await expect(ensure(["nets"])).rejects.toMatchObject({ code: "EXTRA_UNKNOWN" });
  });
});

describe("when something goes wrong", () => {
  it.each([
    ["network", "NETWORK_UNREACHABLE"],
    ["hash", "HASH_MISMATCH"],
    ["full", "DISK_FULL"],
    ["strange", "SETUP_FAILED"],
  ])("%s: says %s, leaves nothing, and the next run recovers", async (how, code) => {
    failing(how);
    await expect(ensure()).rejects.toMatchObject({ code, hint: expect.any(String) as string });
    expect(folders()).toEqual([]);
    failing("");
    expect(existsSync((await ensure()).python)).toBe(true);
  });

  it("venv without ensurepip: says what to install", async () => {
    rmSync(path.join(box.folder, "bin", "uv"));
    failing("ensurepip");
    await expect(ensure()).rejects.toMatchObject({
      code: "PYTHON_VENV_MISSING",
      hint: expect.stringContaining("python3-venv") as string,
    });
  });

  it("no network for an extra: what was there stays usable", async () => {
    const { python } = await ensure();
    failing("network");
    await expect(ensure(["pynn"])).rejects.toMatchObject({ code: "NETWORK_UNREACHABLE" });
    expect((await ensure()).python).toBe(python);
    failing("");
    expect((await ensure(["pynn"])).python).toBe(python);
  });

  it("disk full amid an extra: the environment is made anew, all extras included", async () => {
    await ensure(["nest"]);
    failing("full");
    await expect(ensure(["pynn"])).rejects.toMatchObject({ code: "DISK_FULL" });
    failing("");
    await ensure();
    expect(folders()).toHaveLength(1);
    expect(box.runs("pip install").at(-1)).toMatch(/base\.txt.*nest\.txt/);
  });

  it("interrupted: nothing counts as done, the tools are gone, and the next run starts afresh", async () => {
    failing("hang");
    const abort = new AbortController();
    const running = ensure([], abort.signal);
    while (box.runs("installing").length === 0) await sleep(20);
    abort.abort(new Error("stop"));
    await expect(running).rejects.toThrow("stop");
    expect(await readyPython([], box.env)).toBeUndefined();
    expect(existsSync(path.join(box.home, "setup.lock"))).toBe(false);
    const pid = Number(box.runs("installing")[0].split(" ")[1]);
    expect(await gone(pid)).toBe(true);
    failing("");
    await ensure();
    expect(folders()).toHaveLength(1);
  });

  it("a home that has files of the user's keeps them", async () => {
    mkdirSync(path.join(box.home, "tmp"), { recursive: true });
    writeFileSync(path.join(box.home, "tmp", "mine"), "");
    await ensure();
    expect(readdirSync(box.home).filter((name) => name.includes("tmp"))).toEqual(["tmp"]);
    expect(existsSync(path.join(box.home, "tmp", "mine"))).toBe(true);
  });

  it("a link to the home is that home: nothing is made anew under those who use it", async () => {
    const { python } = await ensure();
    const link = `${box.home}-link`;
    symlinkSync(box.home, link);
    const linked = await ensurePython([], { env: { ...box.env, DSQN_HOME: link } });
    expect(existsSync(python)).toBe(true);
    expect(path.basename(path.dirname(path.dirname(linked.python)))).toBe(folders()[0]);
    expect(folders()).toHaveLength(1);
  });

  it("killed: its tools end too, what it left is passed over and removed", async () => {
    failing("hang");
    const child = otherProcess();
    while (box.runs("installing").length === 0) await sleep(20);
    child.kill("SIGKILL");
    expect(await gone(Number(box.runs("installing")[0].split(" ")[1]))).toBe(true);
    failing("");
    const { python } = await ensure();
    expect(existsSync(python)).toBe(true);
    expect(folders()).toHaveLength(1);
  });

  it.each([
    ["is cut in half", (file: string) => writeFileSync(file, readFileSync(file, "utf8").slice(0, 40))],
    ["names an interpreter that is gone", () => rmSync(path.join(box.home, folders()[0], "bin"), { recursive: true })],
    [
      "belongs to another place",
      (file: string) => writeFileSync(file, readFileSync(file, "utf8").replace(box.home, "/elsewhere")),
    ],
    [
      "has the hash of an older lock",
      (file: string) => writeFileSync(file, readFileSync(file, "utf8").replace(/"base": "..../, '"base": "0000')),
    ],
  ])("a stamp that %s is not believed", async (_, damage) => {
    await ensure();
    damage(path.join(box.home, "python.json"));
    expect(await readyPython([], box.env)).toBeUndefined();
    await ensure();
    expect(folders()).toHaveLength(1);
    expect(installs()).toBe(2);
  });

  it("a home that cannot be written: says which", async () => {
    writeFileSync(path.join(box.folder, "file"), "");
    box.env.DSQN_HOME = path.join(box.folder, "file", "home");
    await expect(ensure()).rejects.toMatchObject({
      code: "NOT_PERMITTED",
      message: expect.stringContaining("file/home") as string,
    });
  });
});

describe("several at once", () => {
  it("one makes it, the others wait and use it", async () => {
    failing("slow");
    const children = [otherProcess(), otherProcess(), otherProcess()];
    const codes = await Promise.all(children.map((child) => new Promise((resolve) => child.on("exit", resolve))));
    expect(codes).toEqual([0, 0, 0]);
    expect(installs()).toBe(1);
    expect(folders()).toHaveLength(1);
  });
});

function otherProcess() {
  const url = new URL("../../src/setup/environment.mjs", import.meta.url).href;
  return spawn(process.execPath, ["-e", `import("${url}").then(({ ensurePython }) => ensurePython([]))`], {
    env: box.env,
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: "ignore",
  });
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await sleep(20);
  }
  return false;
}
