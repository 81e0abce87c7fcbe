// Lets `node --import ./scripts/register-ts.mjs file.ts` run the TypeScript sources through ts-node.
import module from "node:module";
import { load } from "./ts-hooks.mjs";

process.setSourceMapsEnabled(true);
// Node 26 calls the older way deprecated, Node 20 has no other.
if (module.registerHooks) module.registerHooks({ load });
else module.register("./ts-hooks.mjs", import.meta.url);
