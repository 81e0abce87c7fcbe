import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { arch, platform } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync, createBrotliDecompress } from "node:zlib";
import { type Browser, chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SYSTEM = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
];

/**
 * Chromium as people have it: no switch here touches the web's security (the npm package's own switches would turn it off). It runs without
 * a sandbox of its own, because tests may run as root in a container, and asks nobody on the network for anything.
 */
const SWITCHES = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-background-timer-throttling",
  "--hide-scrollbars",
];

interface Program {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A browser, or why there is none. */
export type Started = { readonly browser: Browser; readonly from: string } | { readonly reason: string };

/** DSQN_CHROMIUM, the system's, or the one that npm brings, whichever starts first. */
export async function startBrowser(): Promise<Started> {
  const reasons: string[] = [];
  const given = process.env["DSQN_CHROMIUM"];
  if (given === "none") return { reason: "DSQN_CHROMIUM=none" };
  for (const find of [...(given ? [given] : SYSTEM).map((file) => () => system(file)), ...(given ? [] : [packaged])])
    try {
      const program = await find();
      if (!program) continue;
      const browser = await chromium.launch({
        executablePath: program.path,
        args: SWITCHES,
        ignoreDefaultArgs: ["--disable-popup-blocking"],
        env: { ...(process.env as Record<string, string>), ...program.environment },
        timeout: 60_000,
      });
      return { browser, from: `${path.relative(root, program.path)} ${browser.version()}` };
    } catch (error) {
      reasons.push((error as Error).message.split("\n").slice(0, 3).join(" "));
    }
  return { reason: reasons.join("; ") || `no Chromium for ${platform()} ${arch()}` };
}

const system = (file: string): Promise<Program | undefined> =>
  Promise.resolve(existsSync(file) ? { path: file, environment: {} } : undefined);

/** The binary of the npm package, unpacked once beside it: for Linux x64, with the libraries and a font that a bare machine lacks. */
async function packaged(): Promise<Program | undefined> {
  if (platform() !== "linux" || arch() !== "x64") return undefined;
  const from = path.join(root, "node_modules/@sparticuz/chromium/bin");
  const { version } = JSON.parse(readFileSync(path.join(from, "../package.json"), "utf8")) as { version: string };
  const folder = path.join(root, "node_modules/.cache", `dsqn-chromium-${version}`);
  if (!existsSync(folder)) {
    const making = `${folder}.${process.pid}`;
    mkdirSync(making, { recursive: true });
    await pipeline(
      createReadStream(path.join(from, "chromium.br")),
      createBrotliDecompress(),
      createWriteStream(path.join(making, "chromium"), { mode: 0o755 }),
    );
    for (const archive of ["al2023", "fonts"]) {
      const { status, stderr } = spawnSync("tar", ["-xf", "-", "-C", making], {
        input: brotliDecompressSync(readFileSync(path.join(from, `${archive}.tar.br`))),
      });
      if (status !== 0) throw new Error(`tar: ${String(stderr)}`);
    }
    try {
      renameSync(making, folder);
    } catch {
      rmSync(making, { recursive: true, force: true }); // another test run was faster
    }
  }
  return {
    path: path.join(folder, "chromium"),
    environment: { LD_LIBRARY_PATH: path.join(folder, "lib"), FONTCONFIG_PATH: path.join(folder, "fonts") },
  };
}
