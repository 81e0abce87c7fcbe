import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../setup/index.mjs";
import { packageVersion } from "../setup/version.ts";
import { DsqnError } from "../errors.ts";

/** What runs: equal identities give equal bits. */
export interface Identity {
  readonly dsqn: string;
  /** The major version: arithmetic of Node.js differs between some in the last bit (Math.pow). */
  readonly node: string;
  /** SHA-256 of all code, in hex. */
  readonly code: string;
}

/** Whether this is a clone that runs TypeScript, or a package that was built. */
export const runsSources = extname(fileURLToPath(import.meta.url)) === ".ts";

/** The program that a piece's process runs: the one that this process is. */
export const program = join(root, ...(runsSources ? ["scripts", "dsqn.mjs"] : ["bin", "dsqn.js"]));

/** What has to be there to run, relative to the package's root. */
export const codeFolders: readonly string[] = runsSources
  ? ["src", "thesis", "scripts", "py-bridge/dsqn_bridge", "py-bridge/locks"]
  : ["dist", "bin", "py-bridge/dsqn_bridge", "py-bridge/locks"];

/** Versions of what runs here. */
export function versions(): Pick<Identity, "dsqn" | "node"> {
  return { dsqn: packageVersion(), node: process.versions.node.split(".")[0] };
}

/** SHA-256 of files by name and content, in hex. */
export function filesHash(base: string, names: readonly string[]): string {
  const hash = createHash("sha256");
  for (const name of names) {
    const content = createHash("sha256").update(readFileSync(join(base, name)));
    hash.update(`${name} ${content.digest("hex")}\n`);
  }
  return hash.digest("hex");
}

let known: string | undefined;

/** Of every file of code; computed once a process. */
export function codeHash(): string {
  return (known ??= filesHash(root, codeFolders.flatMap(codeBelow)));
}

function codeBelow(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((name) => /\.(m?[jt]s|py|txt|json|wasm)$/.test(name) && !name.endsWith(".d.ts"))
    .sort();
}

/** @throws DsqnError CLUSTER_VERSION where what runs at `place` is not what `wanted` says. */
export function mustEqual(wanted: Partial<Identity>, found: Partial<Identity>, place: string): void {
  const differs = (["dsqn", "node", "code"] as const).find(
    (name) => wanted[name] !== undefined && found[name] !== undefined && wanted[name] !== found[name],
  );
  if (differs === undefined) return;
  const words = { dsqn: "dsqn", node: "Node.js", code: "dsqn's code" }[differs];
  const short = (text: string | undefined): string => String(text).slice(0, 12);
  throw new DsqnError(
    "CLUSTER_VERSION",
    `${words} is ${short(found[differs])} at ${place}, and ${short(wanted[differs])} is wanted: results might differ.`,
    { hint: "Install the same version everywhere, or begin anew in another --out.", facts: { place, wanted, found } },
  );
}
