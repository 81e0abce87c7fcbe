// Writes what the Python side's neurons are compared with: node --import ./scripts/register-ts.mjs scripts/write-neurons.ts
import { writeFileSync } from "node:fs";
import { neuronModels } from "../src/network/neurons/index.ts";

const file = new URL("../py-bridge/tests/simulators/neurons.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(neuronModels, null, 2)}\n`);
