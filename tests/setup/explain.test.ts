// tier: python
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readyPython } from "../../src/setup/environment.mjs";
import { explain, render, SetupError } from "../../src/setup/errors.mjs";
import { run } from "../../src/setup/process.mjs";

/** What pip really says, in the words of whatever version is here. */
describe("pip's own words", () => {
  let folder: string;
  let python: string;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "dsqn-pip-"));
    python = (await readyPython([]))?.python ?? "python3";
    const wheel = `import zipfile; z = zipfile.ZipFile("leaf-1.0-py3-none-any.whl", "w")
z.writestr("leaf.py", "")
z.writestr("leaf-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: leaf\\nVersion: 1.0\\n")
z.writestr("leaf-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
z.writestr("leaf-1.0.dist-info/RECORD", "")`;
    execFileSync(python, ["-c", wheel], { cwd: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function code(...args: string[]): Promise<string> {
    const target = path.join(folder, "target");
    const always = [
      "-I",
      "-m",
      "pip",
      "install",
      "--disable-pip-version-check",
      "--retries",
      "1",
      "--timeout",
      "2",
      "--target",
      target,
    ];
    const outcome = await run(python, [...always, ...args], { cwd: folder });
    expect(outcome.code).not.toBe(0);
    return explain("Installing", outcome.output, {}).code;
  }

  it("for a package with another hash", async () => {
    writeFileSync(path.join(folder, "lock.txt"), `leaf==1.0 --hash=sha256:${"0".repeat(64)}\n`);
    expect(await code("--no-index", "--find-links", ".", "--require-hashes", "-r", "lock.txt")).toBe("HASH_MISMATCH");
  });

  it("for a registry that does not answer", async () => {
    expect(await code("--index-url", "http://127.0.0.1:9/simple", "leaf==1.0")).toBe("NETWORK_UNREACHABLE");
  });

  it("for a version that is not there", async () => {
    expect(await code("--no-index", "--find-links", ".", "leaf==2.0")).toBe("PACKAGE_UNAVAILABLE");
  });
});

describe("errors of the set-up", () => {
  it("keep the tool's last lines as the cause", () => {
    const error = explain("Installing", `${"noise\n".repeat(100)}npm error code ENOSPC`, { folder: "/x" });
    expect(error).toMatchObject({ code: "DISK_FULL", facts: { folder: "/x" } });
    expect((error.cause as Error).message.split("\n")).toHaveLength(15);
  });

  it("print code, message, what to do, and where to read on", () => {
    const text = render(new SetupError("DISK_FULL", "It is full.", { hint: "Empty it." }));
    expect(text).toBe(
      "dsqn: DISK_FULL  It is full.\n  what to do   Empty it.\n  see          docs/errors.md#disk_full\n",
    );
  });
});
