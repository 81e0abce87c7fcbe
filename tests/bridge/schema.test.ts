import { readFileSync } from "node:fs";
import { jsonSchema, messages } from "../../src/bridge/schema.ts";

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

describe("the protocol's schema", () => {
  it("is the one that the Python side validates with (scripts/write-protocol-schema.ts writes it)", () => {
    const written = JSON.parse(file("py-bridge/dsqn_bridge/protocol.schema.json")) as unknown;
    expect(written).toEqual(JSON.parse(JSON.stringify(jsonSchema())));
  });

  it("is written down: docs/protocol.md names every message and every field", () => {
    const text = file("docs/protocol.md");
    for (const [type, schema] of Object.entries(messages)) {
      expect(text).toContain(`\`${type}\``);
      for (const field of Object.keys(schema.shape))
        expect([type, field, text.includes(`\`${field}\``)]).toEqual([type, field, true]);
    }
  });

  it("has the version that docs/protocol.md describes", () => {
    expect(file("docs/protocol.md")).toContain(`Version ${jsonSchema()["protocol"] as number}.`);
  });

  it("is spoken by a Python package of the same version", () => {
    const { version } = JSON.parse(file("package.json")) as { version: string };
    expect(file("py-bridge/dsqn_bridge/__init__.py")).toContain(`__version__ = "${version}"`);
  });
});
