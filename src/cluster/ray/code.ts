import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { DsqnError } from "../../errors.ts";
import { root } from "../../setup/index.mjs";
import { codeFolders, filesHash, runsSources } from "../identity.ts";

/** The package and all that it needs of npm, as files below one folder, for an archive that runs wherever it is unpacked. */
export interface Code {
  /** The folder that they lie below. */
  readonly base: string;
  /** Where in it the package is: "" in a clone, node_modules/dsqn where it is installed. */
  readonly package: string;
  /** Relative to `base`, sorted, with "/". */
  readonly files: readonly string[];
  /** SHA-256 of names and contents, in hex. */
  readonly hash: string;
}

/** What transpiles the sources in a clone. */
const FOR_SOURCES = ["ts-node", "typescript"] as const;

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

let known: Code | undefined;

/** Collected once a process. @throws DsqnError RAY_CODE where a dependency is not where npm would put it */
export function packageCode(): Code {
  if (known) return known;
  const installed = basename(dirname(root)) === "node_modules";
  const base = installed ? dirname(dirname(root)) : root;
  const own = [
    ...["package.json", ...(runsSources ? ["tsconfig.json", "node_modules/.package-lock.json"] : [])].map((name) =>
      join(root, name),
    ),
    ...[...codeFolders, "models"].flatMap((folder) => filesBelow(join(root, folder), true)),
  ];
  const all = [
    ...own,
    ...dependencyFolders(base).flatMap((folder) => filesBelow(folder, basename(folder) === "typescript")),
  ];
  const files = [...new Set(all.map((file) => relative(base, file).replaceAll("\\", "/")))].sort();
  const hash = filesHash(base, files);
  if (runsSources) files.push(...transpiled(own));
  known = { base, package: relative(base, root).replaceAll("\\", "/"), files, hash };
  return known;
}

/** What scripts/ts-hooks.mjs has made of the sources, where it has: else every node does so again. Not part of the hash, since it says nothing new. */
function transpiled(own: readonly string[]): string[] {
  const cache = join("node_modules", ".cache", "dsqn");
  if (!existsSync(join(root, cache))) return [];
  const sources = own.filter((file) => file.endsWith(".ts"));
  const prefixes = new Set(
    sources.map((file) => createHash("sha256").update(relative(root, file)).digest("hex").slice(0, 16)),
  );
  return readdirSync(join(root, cache))
    .filter((name) => /^\w{16}-\w{64}\.js$/.test(name) && prefixes.has(name.slice(0, 16)))
    .map((name) => `${cache.replaceAll("\\", "/")}/${name}`);
}

/** Folders of the packages that this one needs, theirs included, found as Node.js finds them. */
function dependencyFolders(base: string): string[] {
  const found = new Set<string>();
  const visit = (folder: string, extra: readonly string[] = []): void => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Manifest;
    for (const name of [...Object.keys(dependencies), ...extra, ...Object.keys(optionalDependencies)]) {
      const at = find(name, folder, base);
      if (at !== undefined && !found.has(at)) {
        found.add(at);
        visit(at);
      } else if (at === undefined && !(name in optionalDependencies)) {
        throw new DsqnError(
          "RAY_CODE",
          `The package "${name}" is not below ${base}, so no archive of dsqn can be made for other machines.`,
          {
            hint: "Install with npm, or have the package on every node and say where: --on ray:ADDRESS,code=/opt/dsqn",
            facts: { name, base },
          },
        );
      }
    }
  };
  visit(root, runsSources ? FOR_SOURCES : []);
  return [...found];
}

function find(name: string, from: string, base: string): string | undefined {
  for (let folder = from; folder.startsWith(base); folder = dirname(folder)) {
    const at = join(folder, "node_modules", name);
    if (existsSync(join(at, "package.json"))) return at;
  }
  return undefined;
}

/** What no program reads, and binaries of systems that Ray's nodes do not have. */
const NEEDLESS =
  /(^|\/)(__pycache__|node_modules|\.git)(\/|$)|\.(md|markdown|map|pyc|cc|h|hpp)$|^build\/(darwin|win32)\//;

function filesBelow(folder: string, declarations: boolean): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => {
      const name = relative(folder, file).replaceAll("\\", "/");
      return !NEEDLESS.test(name) && (declarations || !/\.d\.[mc]?ts$/.test(name));
    });
}
