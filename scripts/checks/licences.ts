// npm run licences [-- --sbom FILE]: every package that the locks bring, with its licence; fails where one is not among those that go with MIT.
// --sbom: the npm packages as CycloneDX, as npm makes it (`npm sbom`).
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

/** Used as they are, unchanged and not copied into the package: these may be used by a program under MIT. */
const TAKEN =
  /^(MIT|MIT-0|ISC|0BSD|BSD(-[23]-Clause)?|Apache-2\.0|CC0-1\.0|CC-BY-[34]\.0|Unlicense|BlueOak-1\.0\.0|Python-2\.0|PSF-2\.0|MPL-2\.0|Zlib|WTFPL|HPND|MIT-CMU|Unicode-3\.0|LGPL-2\.1\+?|LGPL-3\.0(-or-later)?)$/;
/**
 * Python packages whose licence asks more. They are not part of what is shipped: a user's set-up brings those of the extras that are asked for, and they
 * run in a Python process of its own.
 */
const SEPARATE: Readonly<Record<string, string>> = {
  "nest-simulator": "GPL-2.0-or-later",
  "PyNN": "CECILL-2.1",
  "csa": "GPL-3.0-or-later",
  "ale-py": "GPL-2.0-only",
  "MinAtar": "GPL-3.0",
  "pygame-ce": "LGPL-2.1",
};
/** Said by a file of the package, and nowhere in its metadata. */
const BY_FILE: Readonly<Record<string, string>> = { pythonia: "MIT", quantities: "BSD-3-Clause" };

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({ options: { sbom: { type: "string" }, json: { type: "boolean", default: false } } });

export interface Licensed {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly dev: boolean;
}

/** "(MIT OR Apache-2.0)": one of them is enough; AND: all. */
export function isTaken(licence: string): boolean {
  const bare = licence.replace(/[()]/g, " ");
  return bare.split(/\sOR\s/).some((choice) => choice.split(/\sAND\s|\sWITH\s/).every((part) => TAKEN.test(part.trim()))); // prettier-ignore
}

export function npmPackages(): Licensed[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, { version: string; dev?: boolean; license?: string; optional?: boolean; devOptional?: boolean }> }; // prettier-ignore
  return Object.entries(lock.packages)
    .filter(([path]) => path !== "")
    .map(([path, { version, dev, devOptional, license }]) => ({
      name: path.replace(/^.*node_modules\//, ""),
      version,
      licence: license ?? licenceIn(path),
      dev: dev === true || devOptional === true,
    }));
}

const byFile = (path: string): string => BY_FILE[path.replace(/^.*node_modules\//, "")] ?? "unknown";

/** What the package itself says; "unknown" where it is for another platform, and not here. */
function licenceIn(path: string): string {
  const file = join(root, path, "package.json");
  try {
    const { license, licenses } = JSON.parse(readFileSync(file, "utf8")) as { license?: string | { type: string }; licenses?: { type: string }[] }; // prettier-ignore
    return typeof license === "string" ? license : (license?.type ?? licenses?.map(({ type }) => type).join(" OR ") ?? byFile(path)); // prettier-ignore
  } catch {
    return "unknown";
  }
}

/** Of the Python environment, by what the packages' own metadata say. */
export function pythonPackages(python = join(root, ".dsqn", "python")): Licensed[] {
  const lib = join(python, "lib");
  const site = readdirSync(lib).map((name) => join(lib, name, "site-packages"))[0];
  return readdirSync(site)
    .filter((name) => name.endsWith(".dist-info"))
    .map((name) => {
      const text = readFileSync(join(site, name, "METADATA"), "utf8").split(/\r?\n\r?\n/)[0];
      const field = (what: string): string | undefined => new RegExp(`^${what}: (.+)$`, "m").exec(text)?.[1];
      const classified = [...text.matchAll(/^Classifier: License :: (?:OSI Approved :: )?(.+)$/gm)].map(
        ([, one]) => one,
      );
      const licence = field("License-Expression") ?? (classified.length > 0 ? classified.join(" OR ") : field("License")) ?? BY_FILE[field("Name")!] ?? "unknown"; // prettier-ignore
      return { name: field("Name")!, version: field("Version")!, licence: short(licence), dev: false };
    });
}

/** The names that Python's classifiers and people use, as SPDX has them. */
function short(licence: string): string {
  const rules: [RegExp, string][] = [
    [/^.*GPL.*$/, licence],
    [/MIT( License)?( \(MIT\))?/, "MIT"], [/BSD.*Clause.*|.*BSD.*/, "BSD-3-Clause"], [/.*Apache.*/, "Apache-2.0"],
    [/.*(Python Software Foundation|PSF).*/, "PSF-2.0"], [/.*(Mozilla Public License 2|MPL).*/, "MPL-2.0"],
    [/ISC License.*/, "ISC"], [/.*(Historical Permission|CMU).*/, "HPND"], [/.*Unlicense.*/, "Unlicense"], [/^zlib.*/i, "Zlib"],
  ]; // prettier-ignore
  return licence
    .split(" OR ")
    .map((one) => {
      const rule = rules.find(([pattern]) => pattern.test(one));
      return rule ? (rule[1] === licence ? one : rule[1]) : one;
    })
    .join(" OR ");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = [
    ...npmPackages().map((one) => ({ from: "npm", ...one })),
    ...pythonPackages().map((one) => ({ from: "PyPI", ...one })),
  ];
  const other = all.filter(({ from, licence, name }) => !isTaken(licence) && !(from === "PyPI" && name in SEPARATE));
  if (values.sbom !== undefined) writeFileSync(values.sbom, execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"], { cwd: root, maxBuffer: 2 ** 28 })); // prettier-ignore
  const lines = all.map(({ from, name, version, licence, dev }) => `${from}  ${name} ${version}  ${licence}${dev ? "  (development)" : ""}\n`); // prettier-ignore
  process.stdout.write(values.json ? `${JSON.stringify(all)}\n` : lines.join(""));
  for (const { from, name, licence } of other) process.stderr.write(`not among those that go with MIT: ${from} ${name}: ${licence}\n`); // prettier-ignore
  process.stderr.write(`${all.length} packages, ${other.length} to look at\n`);
  process.exitCode = other.length > 0 ? 1 : 0;
}
