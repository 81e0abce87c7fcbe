import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/numeric/random.ts";
import { gone, MISSED, readable, settled, signal } from "./bridge.ts";
import type { Outcome } from "./outcome.ts";
import { descendants } from "./patience.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What a set-up needs of a clone. */
const PARTS = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "scripts", "src", "py-bridge", "thesis"];
const BUILT = /kernels\.(wasm|text\.ts)|__pycache__/;
/** A set-up of half a minute; without a network its tools try for some time. */
const HANG_MS = 300_000;

const EXTRA = ["--extras", "box2d"];

export const setupStates = ["from nothing", "an extra"] as const;
export const setupFaults = [
  "SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP, SIGCONT", "SIGKILL of a tool",
  "no network", "TMPDIR is removed", "its home is removed", "SIGKILL of one of two", "its disk is full",
] as const; // prettier-ignore

/** A clone that nothing has been done in, and how a set-up of it ends that nothing happens to. */
export interface SetUp {
  readonly folder: string;
  readonly ms: Readonly<Record<(typeof setupStates)[number], number>>;
  /** Below node_modules. */
  readonly packages: ReadonlySet<string>;
}

/** Sets up once in peace; `folder` then holds the clone that others are copied from. */
export async function setUpWhole(folder: string): Promise<SetUp> {
  rmSync(folder, { recursive: true, force: true });
  for (const part of PARTS.filter((one) => existsSync(join(ROOT, one))))
    cpSync(join(ROOT, part), join(folder, "clone", part), { recursive: true, filter: (name) => !BUILT.test(name) });
  const clone = new Clone(folder, "whole");
  try {
    const timed = async (args: readonly string[]): Promise<number> => {
      const started = performance.now();
      const { code, said } = await clone.setUp(args).ended;
      if (code !== 0) throw new Error(`the set-up that nothing happens to ended with ${code}:\n${said}`);
      return performance.now() - started;
    };
    const ms = { "from nothing": await timed([]), "an extra": await timed(EXTRA) };
    return { folder, ms, packages: clone.packages() };
  } finally {
    clone.remove();
  }
}

/**
 * Struck at a random moment, once or twice: an error in words, or a death; then the same command makes it whole: every file of every package, npm's
 * and Python's, nothing besides, and a doctor who finds nothing.
 */
export async function strikeSetup(
  { folder, ms, packages }: SetUp,
  state: (typeof setupStates)[number],
  fault: (typeof setupFaults)[number],
  random: Random,
): Promise<Outcome> {
  const full = fault === "its disk is full";
  const clone = new Clone(folder, `struck-${random.uint32().toString(36)}`);
  const codes: string[] = [];
  const counts = { hang: 0, orphans: 0, wrong: 0 };
  const lacking = full || fault === "no network";
  let struck = lacking;
  const finish = async ({ ended, pid }: Run, may: "end in words" | "be killed" | "have to end well"): Promise<void> => {
    let outcome: Ended | undefined;
    void ended.then((one) => (outcome = one));
    await settled(() => outcome, HANG_MS);
    if (!outcome) signal(pid, "SIGKILL");
    const { code, said } = outcome ?? { code: "no end", said: "" };
    const words = /^dsqn: (?!INTERNAL)[A-Z][A-Z_]+/m.exec(said)?.[0].slice(6);
    counts.hang += outcome ? 0 : 1;
    // Before it has said anything it listens to no signal.
    const dead = String(code).startsWith("SIG") && (may === "be killed" || said === "");
    const well = code === 0 || (may !== "have to end well" && (dead || words));
    if (!well) counts.wrong++;
    codes.push(`${code}${words ? ` ${words}` : ""}`);
  };
  try {
    if (full && !(await clone.onSmallDisk(20 + random.integer(600)))) return { ...none, code: MISSED };
    const extra = state === "an extra" && !full;
    if (extra) await clone.setUp().ended;
    const args = extra ? EXTRA : [];
    for (let blows = 1 + random.integer(2); blows > 0; blows--) {
      const run = clone.setUp(args, fault === "no network" ? offline(clone.folder) : {});
      const other = fault === "SIGKILL of one of two" ? clone.setUp(args) : undefined;
      if (!lacking) await Promise.race([sleep(random.uniform() * ms[state]), run.ended]);
      if (!lacking && run.running()) {
        struck = true;
        const tools = await blow(run.pid, fault, clone, random);
        counts.orphans += (await gone(tools)) ? 0 : 1;
      }
      await finish(run, fault.startsWith("SIGKILL") && !fault.endsWith("tool") ? "be killed" : "end in words");
      if (other) await finish(other, "have to end well");
    }
    if (full) await clone.giveRoom();
    await finish(clone.setUp(args), "have to end well");
    const [torn, left] = [await clone.torn(packages), clone.leftovers()];
    if (torn) codes.push(torn);
    if (left.length > 0) codes.push(`left: ${left.join(" ")}`);
    const { hang, orphans } = counts;
    const code = struck ? codes.join(", ") : MISSED;
    return { hang, orphans, leaked: left.length, lost: 0, wrong: counts.wrong + (torn ? 1 : 0), code };
  } finally {
    clone.remove();
  }
}

const none: Omit<Outcome, "code"> = { hang: 0, orphans: 0, leaked: 0, lost: 0, wrong: 0 };

/** Registries that nobody answers for, and nothing kept from earlier. */
const offline = (folder: string): Record<string, string> => ({
  npm_config_registry: "http://127.0.0.1:9/",
  npm_config_cache: join(folder, "npm"),
  PIP_INDEX_URL: "http://127.0.0.1:9/simple",
  PIP_EXTRA_INDEX_URL: "",
  PIP_NO_CACHE_DIR: "1",
  UV_INDEX_URL: "http://127.0.0.1:9/simple",
  UV_NO_CACHE: "1",
});

/** Returns the tools that have to be gone with it. */
async function blow(pid: number, fault: (typeof setupFaults)[number], clone: Clone, random: Random): Promise<number[]> {
  const tools = descendants(pid);
  if (fault === "SIGKILL of a tool") {
    if (tools.length > 0) signal(tools[random.integer(tools.length)], "SIGKILL");
    return [];
  }
  if (fault.endsWith("is removed")) {
    const place = join(clone.folder, fault.startsWith("TMPDIR") ? "tmp" : ".dsqn");
    // What is still being written comes again while it is taken away.
    rmSync(place, { recursive: true, force: true, maxRetries: 20 });
    return [];
  }
  for (const name of fault.split(" of ")[0].split(", ")) {
    signal(pid, name as NodeJS.Signals);
    await sleep(random.uniform() * 300);
  }
  return fault === "SIGSTOP, SIGCONT" ? [] : tools;
}

interface Ended {
  /** Or the signal that ended it. */
  readonly code: number | string;
  readonly said: string;
}

interface Run {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  running(): boolean;
}

/** A copy of the clone in a folder of its own, with a TMPDIR of its own. */
class Clone {
  readonly folder: string;
  private readonly pristine: string;
  private disk: { pid: number; enter: string[] } | undefined;

  constructor(folder: string, name: string) {
    this.pristine = join(folder, "clone");
    this.folder = join(folder, name);
    cpSync(this.pristine, this.folder, { recursive: true });
    mkdirSync(join(this.folder, "tmp"));
  }

  /** All of it on a disk of memory of so many MB, in a namespace that a process keeps open; false where nobody may. */
  async onSmallDisk(megabytes: number): Promise<boolean> {
    const root = process.getuid?.() === 0;
    const script = `mount -t tmpfs -o size=${megabytes}m tmpfs "$1" && cp -R "$2/." "$1" && mkdir "$1/tmp" && echo ready && exec sleep 3000`;
    const args = [root ? "-m" : "-Urm", "sh", "-c", script, "sh", this.folder, this.pristine];
    const holder = spawn("unshare", args, { stdio: ["ignore", "pipe", "ignore"] });
    let state = "";
    holder.on("error", () => (state = "over"));
    holder.on("exit", () => (state = "over"));
    holder.stdout.on("data", () => (state ||= "ready"));
    await settled(() => state, HANG_MS);
    const enter = ["nsenter", "-t", `${holder.pid}`, "-m", ...(root ? [] : ["-U", "--preserve-credentials"])];
    if (state === "ready") this.disk = { pid: holder.pid!, enter };
    return state === "ready";
  }

  async giveRoom(): Promise<void> {
    await this.run(["mount", "-o", "remount,size=4g", this.folder], {}).ended;
  }

  setUp(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Run {
    return this.run([process.execPath, join(this.folder, "scripts", "setup.mjs"), ...args], env);
  }

  /** What a doctor finds, or a file of a package that is missing or another; undefined where all is there. */
  async torn(packages: ReadonlySet<string>): Promise<string | undefined> {
    const here = this.packages();
    const missing = [...packages].find((name) => !here.has(name));
    if (missing) return `without ${missing}`;
    const { code, said } = await this.run([process.execPath, join(this.folder, "scripts", "dsqn.mjs"), "doctor"], {})
      .ended;
    if (code !== 0) return `doctor: ${said.trim().split("\n").at(-1)}`;
    const whole = await this.run([join(this.folder, ".dsqn", "python", "bin", "python"), "-c", RECORDS], {}).ended;
    return whole.code === 0 ? undefined : `of Python's packages: ${whole.said.trim().split("\n").at(-1)}`;
  }

  packages(): ReadonlySet<string> {
    return new Set(readdirSync(join(this.seen, "node_modules"), { recursive: true }).map(String));
  }

  /** What nobody needs any more. */
  leftovers(): string[] {
    const kernels = join("src", "engines", "fast", "kernels");
    const current = /"folder": "(.*)"/.exec(readFileSync(join(this.seen, ".dsqn", "python.json"), "utf8"))?.[1];
    const kept = ["python", "python.json", "kernels.json", current];
    return [
      ...readable(join(this.seen, ".dsqn")).filter((name) => !kept.includes(name)),
      ...readable(join(this.seen, kernels)).filter((name) => /\.wasm\.\d+$/.test(name)),
      // Caches of Node's tools and the folder of logs are meant to stay.
      ...readable(join(this.seen, "tmp")).filter(
        (name) => !/^(v8-compile-cache|node-compile-cache|dsqn-logs)/.test(name),
      ),
    ];
  }

  remove(): void {
    if (this.disk) signal(this.disk.pid, "SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The folder as it is seen from outside of its namespace. */
  private get seen(): string {
    return this.disk ? `/proc/${this.disk.pid}/root${this.folder}` : this.folder;
  }

  private run(command: readonly string[], env: Readonly<Record<string, string>>): Run {
    const own = Object.entries(process.env).filter(([name]) => !/^(DSQN_|npm_(?!config_)|INIT_CWD)/.test(name));
    const [program, ...args] = [...(this.disk?.enter ?? []), ...command];
    const child = spawn(program, args, {
      cwd: this.disk ? undefined : this.folder,
      env: { ...Object.fromEntries(own), TMPDIR: join(this.folder, "tmp"), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (said += text));
    const ended = new Promise<Ended>((resolve) =>
      child.on("exit", (code, by) => resolve({ code: code ?? by ?? "no end", said })),
    );
    return { pid: child.pid!, ended, running: () => child.exitCode === null && child.signalCode === null };
  }
}

/** Every file that a package says it has is there, and has its size. */
const RECORDS = `
import importlib.metadata, os
for package in importlib.metadata.distributions():
    for file in package.files or []:
        path = file.locate()
        if file.size is not None and (not os.path.exists(path) or os.path.getsize(path) != file.size):
            raise SystemExit(f"{package.name}: {file}")
`;
