// A module loader for TypeScript sources: ts-node transpiles, once per content; what it made lies in node_modules/.cache/dsqn.
// Loading typescript itself takes longer than most commands, and with a warm cache it isn't loaded at all.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const cache = fileURLToPath(new URL("node_modules/.cache/dsqn/", root));
const config = readFileSync(new URL("tsconfig.json", root));
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, root), "utf8")).version;
const salt = [config, version("ts-node"), version("typescript"), readFileSync(new URL(import.meta.url))];

let transpiler;

/** Our own .ts files (never those of a package) become ES modules; everything else goes its usual way. */
export function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.split(/[?#]/)[0].endsWith(".ts") || url.includes("/node_modules/"))
    return nextLoad(url, context);
  const file = fileURLToPath(url);
  const code = readFileSync(file, "utf8");
  const hash = createHash("sha256").update(code);
  for (const part of salt) hash.update(part);
  // By its place in the clone: the cache then holds wherever the clone is copied to.
  const name = createHash("sha256")
    .update(path.relative(fileURLToPath(root), file))
    .digest("hex")
    .slice(0, 16);
  const entry = `${cache}${name}-${hash.digest("hex")}.js`;
  return { format: "module", shortCircuit: true, source: read(entry) ?? keep(entry, transpile(file, code)) };
}

function transpile(file, code) {
  transpiler ??= createRequire(import.meta.url)("ts-node").create({
    cwd: fileURLToPath(root),
    transpileOnly: true,
    esm: true,
    // Imports keep their .ts: this very loader takes them.
    compilerOptions: {
      module: "ESNext",
      moduleResolution: "Bundler",
      rewriteRelativeImportExtensions: false,
      sourceMap: true,
    },
  });
  try {
    return transpiler.compile(code, file);
  } catch (error) {
    // ts-node's own error objects arrive empty on the other side of the loader's thread (Node 20).
    throw new SyntaxError(error.diagnosticText ?? error.message);
  }
}

function read(entry) {
  try {
    return readFileSync(entry, "utf8");
  } catch {
    return undefined;
  }
}

function keep(entry, source) {
  try {
    mkdirSync(cache, { recursive: true });
    const name = path.basename(entry).slice(0, 17);
    for (const old of readdirSync(cache)) if (old.startsWith(name)) rmSync(path.join(cache, old), { force: true });
    writeFileSync(`${entry}.${process.pid}`, source);
    renameSync(`${entry}.${process.pid}`, entry);
  } catch {
    // a cache that cannot be written only costs time
  }
  return source;
}
