#!/usr/bin/env node
// AssemblyScript to WebAssembly: src/engines/fast/kernels/assembly/index.ts to src/engines/fast/kernels/kernels.wasm.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import asc from "assemblyscript/asc";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const outFile = path.join(root, "src", "engines", "fast", "kernels", "kernels.wasm");
const temporary = `${outFile}.${process.pid}`;

// prettier-ignore
const { error, stderr } = await asc.main([
  "src/engines/fast/kernels/assembly/index.ts", "--outFile", path.relative(root, temporary), "--baseDir", root,
  "--runtime", "stub", "--noAssert", "-O3", "--converge",
  "--enable", "simd", "--enable", "threads", "--enable", "bulk-memory",
  "--importMemory", "--sharedMemory", "--initialMemory", "16", "--maximumMemory", "65535",
  "--use", "abort=",
]);
if (error) {
  process.stderr.write(`${stderr.toString()}\n${error.message}\n`);
  process.exit(1);
}
const bytes = readFileSync(temporary);
const module = new WebAssembly.Module(bytes);
renameSync(temporary, outFile);
// For bundles of the browser, which take no file but modules (host.web.ts).
const text = deflateRawSync(bytes, { level: 9 }).toString("base64");
writeFileSync(
  path.join(path.dirname(outFile), "kernels.text.ts"),
  `// kernels.wasm, packed: written by scripts/build-kernels.mjs.\nexport const kernelSize = ${bytes.length};\nexport const kernelText =\n  "${text}";\n`,
);
process.stdout.write(
  `${path.relative(root, outFile)}: ${statSync(outFile).size} bytes, exports ${WebAssembly.Module.exports(module)
    .map((e) => e.name)
    .join(", ")}\n`,
);
