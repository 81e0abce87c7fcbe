// Lets `node --import ./scripts/register-ts.mjs file.ts` run the TypeScript sources through ts-node.
import { register } from "node:module";
register("ts-node/esm", import.meta.url);
