import { execa } from "execa";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLog } from "../../src/bridge/log.ts";

let folder: string;
const before = process.env["TMPDIR"];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-test-"));
  process.env["TMPDIR"] = folder;
});
afterEach(() => {
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  rmSync(folder, { recursive: true });
});
const usual = (): string => join(folder, `dsqn-logs-${userInfo().username}`);

describe("a worker's log", () => {
  it("lies in a folder that only its user can enter, in a file that only its user can read", () => {
    const log = openLog("worker");
    log.write("hello\n");
    expect(statSync(dirname(log.file!)).mode & 0o777).toBe(0o700);
    expect(statSync(log.file!).mode & 0o777).toBe(0o600);
    expect(readFileSync(log.file!, "utf8")).toBe("hello\n");
    log.close(false);
    expect(readdirSync(usual())).toEqual([]);
  });

  it.each([
    ["that others may enter", (place: string) => (mkdirSync(place), chmodSync(place, 0o777))],
    ["that is a link", (place: string) => (mkdirSync(`${place}-else`, 0o700), symlinkSync(`${place}-else`, place))],
    ["that is a file", (place: string) => writeFileSync(place, "")],
  ])("does not go into a folder %s", (_what, plant) => {
    plant(usual());
    const log = openLog("worker");
    log.write("secret\n");
    expect(dirname(log.file!)).not.toBe(usual());
    expect(statSync(dirname(log.file!)).mode & 0o777).toBe(0o700);
    log.close(false);
    expect(readdirSync(folder).filter((name) => name.startsWith("dsqn-logs") && !name.endsWith("-else"))).toEqual([
      `dsqn-logs-${userInfo().username}`,
    ]);
  });

  it("never follows a link that lies where a log would", () => {
    const victim = join(folder, "victim");
    writeFileSync(victim, "precious");
    mkdirSync(usual(), { mode: 0o700 });
    for (let n = 0; n < 500; n++) symlinkSync(victim, join(usual(), `worker-${process.pid}-${n}.log`));
    const log = openLog("worker");
    log.write("overwritten\n");
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(readFileSync(log.file!, "utf8")).toBe("overwritten\n");
    log.close(false);
  });

  it("goes on in memory when there is no room left", async () => {
    const program = fileURLToPath(new URL("../fixtures/workers/prints-much.ts", import.meta.url));
    const register = fileURLToPath(new URL("../../scripts/register-ts.mjs", import.meta.url));
    const { stdout } = await execa("bash", [
      "-c",
      `ulimit -f 1; exec ${process.execPath} --import ${register} ${program}`,
    ]);
    expect(JSON.parse(stdout)).toEqual({ last: "line 999", bytes: 1024 });
  });

  it("takes long output without an end of line in one go", () => {
    const seen: string[] = [];
    const log = openLog("worker", (line) => seen.push(line));
    const started = performance.now();
    for (let i = 0; i < 320; i++) log.write("x".repeat(65_536));
    log.write("the end\r");
    log.write("\nnext");
    expect(performance.now() - started).toBeLessThan(5000);
    expect(seen.length).toBe(1);
    expect(seen[0].endsWith("xthe end")).toBe(true);
    expect(log.tail().endsWith("the end\nnext")).toBe(true);
    log.close(false);
  });

  it("is swept away after a week", () => {
    mkdirSync(usual(), { mode: 0o700 });
    const [old, recent] = ["old-1-1.log", "recent-1-1.log"].map((name) => join(usual(), name));
    for (const file of [old, recent]) writeFileSync(file, "");
    utimesSync(old, 0, 0);
    openLog("worker").close(false);
    expect(readdirSync(usual())).toEqual(["recent-1-1.log"]);
  });
});
