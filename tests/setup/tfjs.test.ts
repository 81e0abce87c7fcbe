import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { checkTfjsPlatform, ensureTfjs, readyTfjs } from "../../src/setup/tfjs.mjs";
import { findPython } from "../../src/setup/python.mjs";
import { loadTfjs } from "../../src/engines/tensorflow/tfjs.ts";
import { type Sandbox, sandbox } from "./sandbox.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const recipe = path.join(root, "src", "setup", "tfjs");
const supported = process.platform === "linux" && process.arch === "x64";
const here = supported ? describe : describe.skip;

/** npm: every locked package as an empty folder, but a node-gyp that writes a file for a binding, and a tfjs-node that multiplies. */
const NPM = `#!${process.execPath}
const fs = require("node:fs");
fs.appendFileSync(process.env.FAKE_LOG, "npm " + process.argv.slice(2).join(" ") + "\\n");
if (process.argv[2] === "config") console.log("undefined");
else {
  fs.appendFileSync(process.env.FAKE_LOG, "ignore-scripts " + process.env.npm_config_ignore_scripts + "\\n");
  const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
  for (const name of Object.keys(lock.packages)) if (name) fs.mkdirSync(name, { recursive: true });
  fs.mkdirSync("node_modules/node-gyp/bin");
  fs.writeFileSync("node_modules/node-gyp/bin/node-gyp.js", \`
    const fs = require("node:fs");
    fs.appendFileSync(process.env.FAKE_LOG, "node-gyp " + process.argv.slice(2).join(" ") + "\\\\n");
    fs.accessSync("deps/lib/libtensorflow.so");
    fs.accessSync("deps/include/tensorflow/c/c_api.h");
    if (process.env.FAKE_FAIL === "compile") { console.error("tfjs_binding.cc:1: error: no"); process.exit(1); }
    fs.mkdirSync("lib/napi-v8", { recursive: true });
    fs.writeFileSync("lib/napi-v8/tfjs_binding.node", "");\`);
  fs.writeFileSync("node_modules/@tensorflow/tfjs-node/index.js", \`
    const value = process.env.FAKE_FAIL === "load" ? 13 : 14;
    exports.tensor2d = () => ({ matMul: () => ({ dataSync: () => [value] }) });\`);
  fs.copyFileSync("package-lock.json", "node_modules/.package-lock.json");
}
`;

/** A wheel with what is wanted of it, and two files that are not. */
const MAKE_WHEEL = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2", "include/tensorflow/c/c_api.h", "include/tsl/platform/types.h",
                 "include/tensorflow/compiler/unwanted.h", "python/unwanted.py"):
        wheel.writestr("tensorflow/" + name, name)
`;

/** Python: answers the probe, makes environments of itself, "downloads" that wheel; unpacks by a real interpreter. */
const python = (real: string, self: string, wheel: string): string => {
  const facts = { version: "3.11.7", bits: 64, implementation: "cpython", freeThreaded: false, venv: true };
  return `#!/bin/sh
PATH=/usr/bin:/bin
for last; do :; done
case "$*" in
  *"import importlib.util"*) echo '${JSON.stringify({ ...facts, executable: self })}'; exit ;;
  *"import sys, zipfile"*) exec ${real} "$@" ;;
esac
echo "python $*" >> "$FAKE_LOG"
case "$*" in
  *"-m venv "*) mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
  *"-m pip download"*)
    [ "$FAKE_FAIL" = hash ] && { echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."; exit 1; }
    [ "$FAKE_FAIL" = hang ] && sleep 60
    while [ "$1" != --dest ]; do shift; done
    mkdir -p "$2"; cp ${wheel} "$2/tensorflow_cpu.whl" ;;
  *) exit 1 ;;
esac
`;
};

describe("the recipe of tfjs-node", () => {
  const read = (name: string) => readFileSync(path.join(recipe, name), "utf8");

  it("pins everything, with hashes and without addresses", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { integrity?: string }> };
    for (const [name, { integrity }] of Object.entries(packages))
      if (name) expect([name, integrity]).toEqual([name, expect.stringMatching(/^sha512-/)]);
    expect(read("package-lock.json")).not.toContain('"resolved"');
    expect(read("requirements.txt")).toMatch(/^tensorflow-cpu==2\.15\.1 \\\n\s+--hash=sha256:[0-9a-f]{64}$/m);
  });

  it("belongs to no other tree", () => {
    expect(JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"))).not.toHaveProperty([
      "dependencies",
      "@tensorflow/tfjs-node",
    ]);
  });
});

describe("where it runs", () => {
  it.each([
    ["darwin", "arm64"],
    ["linux", "arm64"],
    ["win32", "x64"],
  ])("not on %s %s", (platform, arch) => {
    expect(() => checkTfjsPlatform(platform as NodeJS.Platform, arch as NodeJS.Architecture)).toThrow(
      expect.objectContaining({ code: "TFJS_UNSUPPORTED", hint: expect.any(String) as string }) as Error,
    );
  });

  it("on 64-bit x86 Linux", () => expect(() => checkTfjsPlatform("linux", "x64")).not.toThrow());
});

here("setting tfjs-node up", () => {
  let box: Sandbox;
  beforeEach(async () => {
    box = sandbox();
    const { executable } = await findPython({ needVenv: false });
    const wheel = path.join(box.folder, "wheel.whl");
    execFileSync(executable, ["-c", MAKE_WHEEL, wheel]);
    box.script("python3", python(executable, path.join(box.folder, "bin", "python3"), wheel));
    box.script("npm", NPM);
    for (const tool of ["c++", "make"]) box.script(tool, "#!/bin/sh\nexit 0\n");
  });
  afterEach(() => box.remove());
  const left = (): string[] => readdirSync(box.home).sort();

  it("leaves a whole tree, and does nothing the second time", async () => {
    const notes: string[] = [];
    expect(readyTfjs(box.env)).toBeUndefined();
    const folder = await ensureTfjs({ env: box.env, onProgress: ({ note }) => notes.push(note ?? "") });
    expect(folder).toBe(path.join(box.home, "tfjs"));
    expect(left()).toEqual(["tfjs"]);
    expect(notes).toEqual(expect.arrayContaining(["npm packages", "unpacking", "compiling the binding"]));
    expect(readdirSync(path.join(folder, "deps"), { recursive: true }).map(String).sort()).toEqual(
      [
        "include",
        ...["tensorflow", "tensorflow/c", "tensorflow/c/c_api.h"].map((name) => `include/${name}`),
        ...["tsl", "tsl/platform", "tsl/platform/types.h"].map((name) => `include/${name}`),
        "lib",
        ...["", "_cc", "_framework"].map((name) => `lib/libtensorflow${name}.so${name === "_cc" ? ".2" : ""}`),
        "lib/libtensorflow_framework.so.2",
      ].sort(),
    );
    expect(readlinkSync(path.join(folder, "deps", "lib", "libtensorflow.so"))).toBe("libtensorflow_cc.so.2");
    // Packages' own scripts must not run: tfjs-node's would download.
    expect(box.runs("ignore-scripts")).toEqual(["ignore-scripts true"]);
    expect(box.runs("pip download")[0]).toMatch(/--no-deps --require-hashes .*-r \S+requirements\.txt/);
    await ensureTfjs({ env: box.env });
    expect(box.runs("node-gyp rebuild")).toHaveLength(1);
  });

  it.each([
    ["hash", "HASH_MISMATCH"],
    ["compile", "SETUP_FAILED"],
    ["load", "SETUP_FAILED"],
  ])("leaves nothing when it fails (%s), and the next run succeeds", async (failure, code) => {
    await expect(ensureTfjs({ env: { ...box.env, FAKE_FAIL: failure } })).rejects.toMatchObject({ code });
    expect(left()).toEqual([]);
    expect(existsSync(await ensureTfjs({ env: box.env }))).toBe(true);
  });

  it("says what to install when there is no compiler, before anything is downloaded", async () => {
    rmSync(path.join(box.folder, "bin", "c++"));
    await expect(ensureTfjs({ env: box.env })).rejects.toMatchObject({
      code: "COMPILER_MISSING",
      hint: expect.stringContaining("build-essential") as string,
    });
    expect(box.runs("")).toEqual([""]);
  });

  it("clears away what a killed set-up left, and what was built from another recipe", async () => {
    mkdirSync(path.join(box.home, "tfjs-0123abcd"), { recursive: true });
    mkdirSync(path.join(box.home, "tfjs"));
    writeFileSync(path.join(box.home, "tfjs", "complete.json"), `{"recipe": "another"}`);
    await ensureTfjs({ env: box.env });
    expect(left()).toEqual(["tfjs"]);
    expect(readyTfjs(box.env)).toBe(path.join(box.home, "tfjs"));
  });

  it("stops when it is told to, with nothing left", async () => {
    const controller = new AbortController();
    const stopped = ensureTfjs({
      env: { ...box.env, FAKE_FAIL: "hang" },
      signal: controller.signal,
      onProgress: ({ note }) => note?.startsWith("downloading") && controller.abort(new Error("enough")),
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(left()).toEqual([]);
  });

  it("prints INTERRUPTED on Ctrl-C", async () => {
    const child = spawn(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `import { ensureTfjs } from ${JSON.stringify(pathToFileURL(path.join(root, "src/setup/tfjs.mjs")).href)};
         import { interruptible } from ${JSON.stringify(pathToFileURL(path.join(root, "src/setup/interrupt.mjs")).href)};
         await ensureTfjs({ signal: interruptible(), onProgress: ({ note }) => console.log(note) }).catch(({ code }) => console.log(code));
         process.exit();`,
      ],
      { env: { ...box.env, FAKE_FAIL: "hang" }, stdio: ["ignore", "pipe", "inherit"] },
    );
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (text.includes("downloading")) child.kill("SIGINT");
    });
    await new Promise((resolve) => child.on("close", resolve));
    expect(printed).toMatch(/INTERRUPTED\n$/);
    expect(left()).toEqual([]);
  });

  it("loadTfjs says TFJS_MISSING when it may not set it up", async () => {
    await expect(loadTfjs({ setUp: false, env: box.env })).rejects.toMatchObject({ code: "TFJS_MISSING" });
    expect(existsSync(box.home)).toBe(false);
  });

  it("loadTfjs says TFJS_BROKEN, with the folder, when it does not load", async () => {
    const folder = await ensureTfjs({ env: box.env });
    const entry = path.join(folder, "node_modules", "@tensorflow", "tfjs-node", "index.js");
    writeFileSync(entry, `throw new Error("was compiled against a different Node.js version");`);
    await expect(loadTfjs({ env: box.env })).rejects.toMatchObject({ code: "TFJS_BROKEN", facts: { folder } });
  });
});

const ready = readyTfjs();
if (!ready)
  process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its real test is skipped.\n");

(ready ? describe : describe.skip)("the real tfjs-node (skipped where it is not set up)", () => {
  it("learns by the benchmark's double-DQN update, leaking no tensor", () => {
    // In a process of its own: Jest's typed arrays are not those that the native part knows.
    const script = `import util from "node:util";
// As in Node 23 and later, which tfjs-node 4.22 doesn't know.
delete util.isNullOrUndefined;
delete util.isArray;
import { loadTfjs } from "./src/engines/tensorflow/tfjs.ts";
import { denseUpdate } from "./bench/engine/tfjs_peer.ts";
const tf = await loadTfjs({ setUp: false });
const update = denseUpdate(tf, [4, 64, 64, 2]);
const first = update();
const before = tf.memory().numTensors;
let last;
for (let k = 0; k < 50; k++) last = update();
console.log(JSON.stringify({ first, last, leaked: tf.memory().numTensors - before, version: tf.version["tfjs-node"] }));
process.exit();`;
    const args = ["--import", "./scripts/register-ts.mjs", "--input-type=module", "-e", script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(stderr).not.toMatch(/Error/);
    const { first, last, leaked, version } = JSON.parse(stdout.trim().split("\n").at(-1)!) as Record<string, number>;
    expect(version).toBe("4.22.0");
    expect(leaked).toBe(0);
    expect(last).toBeLessThan(0.5 * first);
  });
});
