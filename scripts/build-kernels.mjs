#!/usr/bin/env node
// AssemblyScript to WebAssembly: src/engines/fast/kernels/assembly/index.ts to src/engines/fast/kernels/kernels.wasm.
import { readFileSync, renameSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
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
const module = new WebAssembly.Module(readFileSync(temporary));
renameSync(temporary, outFile);
process.stdout.write(
  `${path.relative(root, outFile)}: ${statSync(outFile).size} bytes, exports ${WebAssembly.Module.exports(module)
    .map((e) => e.name)
    .join(", ")}\n`,
);
