// The TypeScript kernel of the notebooks: tslab, which finds "dsqn" to be the sources of this clone. Jupyter starts it with the
// connection file; DSQN_TSLAB and DSQN_TYPES, which the kernel's specification sets, name the folders of tslab and of our types.
//
// tslab resolves imports as CommonJS does, in TypeScript's eyes (node_modules, no "exports") as well as when running. Both are
// led to what cannot be found that way: an ES module, loaded beforehand, and its declarations.
import { Module, createRequire } from "node:module";
import path from "node:path";
import { root } from "../../src/setup/home.mjs";
import "../register-ts.mjs";

const { DSQN_TSLAB: tslab, DSQN_TYPES: types } = process.env;
const [configPath] = process.argv.slice(2);
// Paths in cells are those of the command line: models/cartpole-dqn.safetensors.
process.chdir(root);

const entries = {
  "dsqn": "src/index.ts",
  "dsqn/report": "src/report/index.ts",
  "dsqn/jobs": "src/jobs/index.ts",
  "dsqn/notebook": "src/notebook/index.ts",
  "dsqn/thesis": "thesis/index.ts",
};
const libraries = new Map();
for (const [name, file] of Object.entries(entries))
  libraries.set(name, await import(new URL(`../../${file}`, import.meta.url)));

const load = Module._load;
Module._load = (request, ...rest) => libraries.get(request) ?? load(request, ...rest);

const require = createRequire(path.join(tslab, "node_modules", "tslab", "dist", "main.js"));
const ts = require("@tslab/typescript-for-tslab");
const { sys } = ts;
const away = `${path.join(root, "node_modules", "dsqn").replaceAll("\\", "/")}`;
const lead = (file) => {
  if (file !== away && !file.startsWith(`${away}/`)) return file;
  const within = file.slice(away.length);
  return types + (/^\/(src|thesis)(\/|$)/.test(within) ? within : `/src${within}`);
};
for (const method of ["fileExists", "directoryExists"]) {
  const original = sys[method];
  sys[method] = (file) => original(lead(file));
}
const { readFile, realpath } = sys;
// Its TypeScript is older than typed arrays that name their buffer.
sys.readFile = (file, encoding) => {
  const text = readFile(lead(file), encoding);
  return file.startsWith(away) ? text?.replace(/(Array)<ArrayBuffer(?:Like)?>/g, "$1") : text;
};
sys.realpath = (file) => (lead(file) === file ? realpath(file) : file);

// tslab 1.0.22 loses names of earlier cells in shorthand properties, { a }: they are written out, { a: a }, before it sees them.
const executor = require("./executor.js");
const { createExecutor } = executor;
executor.createExecutor = (...options) => {
  const made = createExecutor(...options);
  return { ...made, execute: (source) => made.execute(spelledOut(source)) };
};

function spelledOut(source) {
  const ends = [];
  const visit = (node) => {
    if (ts.isShorthandPropertyAssignment(node) && !node.objectAssignmentInitializer) ends.push(node.name.end);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true));
  return ends.reduceRight((text, end) => {
    const name = /[\w$]+$/.exec(text.slice(0, end))[0];
    return `${text.slice(0, end)}: ${name}${text.slice(end)}`;
  }, source);
}

require("./main.js").startKernel({ configPath, enableFindLocal: false });
