import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = [
  { folder: "src", suffix: ".ts" },
  { folder: "src", suffix: ".mjs" },
  { folder: "thesis", suffix: ".ts" },
  { folder: "scripts", suffix: ".mjs" },
  { folder: "py-bridge/dsqn_bridge", suffix: ".py" },
];

const CODE = "[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+";

/** Where a code stands: first argument of an error, of a helper that makes one, as its `code`, or printed by the CLI itself. */
const PLACES = [
  new RegExp(
    `(?:Error|super|fail|failure|refuse|reject|invalid|impossible|lost|lose|end|(?<!environ\\.)get|object|problem)\\w*(?:<\\w+>)?\\(\\s*(?:[^()"]*?,\\s*|[\\w.!]+\\s*\\?\\s*)?"(${CODE})"`,
    "g",
  ),
  new RegExp(`Error\\(\\s*[\\w.!]+\\s*\\?\\s*"${CODE}"\\s*:\\s*"(${CODE})"`, "g"),
  new RegExp(`\\bcode"?\\s*[:=]\\s*"(${CODE})"`, "g"),
  new RegExp(`\\b(?:check|atLeast)\\(.*"(${CODE})"\\)`, "g"),
  new RegExp(`dsqn: (${CODE}) `, "g"),
];

/** Every error code in the sources, with a file that has it. */
export function errorCodes(root: string): Map<string, string> {
  const codes = new Map<string, string>();
  for (const { folder, suffix } of SOURCES)
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(suffix) || name.includes("assembly")) continue;
      const text = readFileSync(join(root, folder, name), "utf8");
      for (const place of PLACES) for (const [, code] of text.matchAll(place)) codes.set(code, join(folder, name));
    }
  return codes;
}
