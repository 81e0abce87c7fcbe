import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import {
  GEOMETRY_WORDS,
  LAYER_BYTES,
  layerLayout,
  neuronFields,
  PLAN_BYTES,
  planLayout,
  TASK_WORDS,
} from "../../../src/engines/fast/kernels/layout.ts";
import { lower } from "../../../src/engines/fast/kernels/neurons.ts";
import { neuronModels } from "../../../src/network/neurons/index.ts";

const assembly = readFileSync(new URL("../../../src/engines/fast/kernels/assembly/layout.ts", import.meta.url), "utf8");

/** The fields of a class in the assembly, [name, type], in their order. */
function fieldsOf(name: string): [string, string][] {
  const [, body] = new RegExp(`export class ${name} \\{\\n(.*?)\\n\\}`, "s").exec(assembly)!;
  return [...body.matchAll(/^ {2}(\w+): (\w+);$/gm)].map(([, field, type]) => [field, type]);
}

describe("descriptors that TypeScript writes and the kernels read", () => {
  it.each([
    ["Layer", layerLayout, LAYER_BYTES],
    ["Plan", planLayout, PLAN_BYTES],
  ] as const)("have the same fields in the same order: %s", (name, { numbers, addresses, doubles }, bytes) => {
    const fields = fieldsOf(name);
    expect(fields).toEqual([
      ...numbers.map((field) => [field, "i32"]),
      ...addresses.map((field) => [field, "usize"]),
      ...doubles.map((field) => [field, "f64"]),
    ]);
    const words = numbers.length + addresses.length;
    expect(bytes).toBe(4 * words + 8 * doubles.length + (doubles.length && words % 2 ? 4 : 0));
  });

  it("have as many words: Geometry, Task", () => {
    expect(fieldsOf("Geometry")).toHaveLength(GEOMETRY_WORDS);
    expect(fieldsOf("Task")).toHaveLength(TASK_WORDS);
  });

  it("know every parameter of every neuron", () => {
    const known = new Set(Object.values(neuronModels).flatMap(({ parameters }) => Object.keys(parameters)));
    expect([...known].sort()).toEqual([...neuronFields].sort());
    expect(layerLayout.addresses).toEqual(expect.arrayContaining([...known]));
  });
});

it.each([
  ["float32", Float32Array.of(1, 0, -0, -2, 3e38, 2 ** -149, -(2 ** -149)), 2 ** -149],
  ["float64", Float64Array.of(1, 0, -0, -2, 1e308, 2 ** -1074, -(2 ** -1074)), 2 ** -1074],
] as const)("the largest number below another, in %s", (_precision, values, smallest) => {
  const below = values.slice();
  lower(below);
  for (const [k, x] of values.entries()) {
    expect(below[k]).toBeLessThan(x);
    const between = values.slice(0, 1);
    between[0] = below[k] / 2 + x / 2;
    // Nothing lies between them: their middle is rounded to one of them.
    expect([below[k], x === 0 ? 0 : x]).toContain(between[0] === 0 ? 0 : between[0]);
  }
  expect(below[1]).toBe(-smallest);
});
