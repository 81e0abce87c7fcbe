// Lets `node --import ./scripts/register-ts.mjs file.ts` run the TypeScript sources through ts-node.
import { register } from "node:module";

process.setSourceMapsEnabled(true);
register("./ts-hooks.mjs", import.meta.url);
