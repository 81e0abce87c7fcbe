// Writes what the Python side's neurons are compared with: node --import ./scripts/register-ts.mjs scripts/write-neurons.ts
import { writeFileSync } from "node:fs";
import { neuronModels } from "../src/network/neurons/index.ts";

const file = new URL("../py-bridge/tests/simulators/neurons.json", import.meta.url);
/** JSON has no infinite numbers. */
const words = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
writeFileSync(file, `${JSON.stringify(neuronModels, words, 2)}\n`);
