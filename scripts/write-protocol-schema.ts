// Writes the Python side's copy of the protocol's schema: node --import ./scripts/register-ts.mjs scripts/write-protocol-schema.ts
import { writeFileSync } from "node:fs";
import { jsonSchema } from "../src/bridge/schema.ts";

const file = new URL("../py-bridge/dsqn_bridge/protocol.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(jsonSchema(), null, 2)}\n`);
