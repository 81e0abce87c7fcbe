import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const fixtures = fileURLToPath(new URL("../fixtures/setup/", import.meta.url));

/** A PATH of stand-ins, an empty home, and a log of what was run. */
export interface Sandbox {
  readonly folder: string;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** Puts a Python on the PATH under `name`. */
  python(name: string, facts?: Partial<Facts>): void;
  uv(): void;
  script(name: string, text: string): void;
  /** The logged commands that contain `text`. */
  runs(text: string): string[];
  remove(): void;
}

interface Facts {
  version: string;
  bits: number;
  implementation: string;
  freeThreaded: boolean;
  venv: boolean;
}

export function sandbox(): Sandbox {
  const folder = mkdtempSync(path.join(tmpdir(), "dsqn-setup-"));
  const [bin, home, log] = [path.join(folder, "bin"), path.join(folder, "home"), path.join(folder, "log")];
  mkdirSync(bin);
  writeFileSync(log, "");
  const script = (name: string, text: string): void => {
    writeFileSync(path.join(bin, name), text);
    chmodSync(path.join(bin, name), 0o755);
  };
  return {
    folder,
    home,
    env: { PATH: bin, HOME: folder, DSQN_HOME: home, FAKE_LOG: log, FAKE_FIXTURES: fixtures },
    script,
    python(name, facts = {}) {
      const executable = path.join(bin, name);
      const usual = { version: "3.11.7", bits: 64, implementation: "cpython", freeThreaded: false, venv: true };
      const answer = JSON.stringify({ ...usual, ...facts, executable });
      script(name, `#!/bin/sh\nexport FAKE_PYTHON='${answer}'\nexec ${fixtures}python "$@"\n`);
    },
    uv: () => script("uv", readFileSync(path.join(fixtures, "uv"), "utf8")),
    runs: (text) =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line.includes(text)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
