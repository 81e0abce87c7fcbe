import type * as z from "zod/v4/core";
import { safeParse } from "zod/v4/core";
import { nearest, UsageError } from "../errors.ts";
import { inWords } from "../files/words.ts";

/**
 * Parses `value` against `schema`; every fault becomes one CONFIG_INVALID error that names the field, and for an unknown field the
 * nearest known one. `what` names the source: a preset, a file.
 */
export function parseConfig<S extends z.$ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  inWords();
  const parsed = safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = fieldsAt(schema, path);
    const field = [...path, issue.keys[0]].join(".");
    const meant = nearest(issue.keys[0], known);
    throw new UsageError("CONFIG_INVALID", `There is no field "${field}" in ${what}.`, {
      hint: `${meant ? `Did you mean "${[...path, meant].join(".")}"? ` : ""}Known here: ${known.join(", ")}.`,
      facts: { field },
    });
  }
  throw new UsageError("CONFIG_INVALID", `"${path.join(".") || "the whole"}" in ${what}: ${issue.message}.`, {
    hint: "docs/training.md lists every field with its range and its default; --set FIELD=null leaves one out.",
    facts: { field: path.join("."), issues: parsed.error.issues.length },
  });
}

/** The names of the fields of the object at `path`, through defaults, options and unions. */
function fieldsAt(schema: unknown, path: readonly string[]): string[] {
  const type = schema as {
    def: { type: string; innerType?: unknown; options?: unknown[]; shape?: Record<string, unknown>; in?: unknown };
  };
  const { def } = type;
  if (def.innerType) return fieldsAt(def.innerType, path);
  if (def.type === "pipe") return fieldsAt(def.in, path);
  if (def.options) return [...new Set(def.options.flatMap((option) => fieldsAt(option, path)))];
  if (!def.shape) return [];
  if (path.length === 0) return Object.keys(def.shape);
  return path[0] in def.shape ? fieldsAt(def.shape[path[0]], path.slice(1)) : [];
}

export type PlainObject = { [name: string]: unknown };

/**
 * `changes` laid over `base`, field by field; objects with a `kind` that differs, arrays and plain values are replaced whole. null takes a field
 * out, but among kwargs, where it is Python's None.
 */
export function mergeConfig(base: PlainObject, changes: PlainObject): PlainObject {
  return withoutNulls(composed(base, changes));
}

/** As `mergeConfig`, of changes that are to be laid over something later: null stays. */
export function composed(base: PlainObject, changes: PlainObject): PlainObject {
  const merged = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const old = merged[name];
    const replace = !isObject(old) || !isObject(value) || ("kind" in value && value.kind !== old.kind);
    if (value !== undefined) merged[name] = replace ? value : composed(old, value);
  }
  return merged;
}

function withoutNulls(config: PlainObject): PlainObject {
  const kept = Object.entries(config).filter(([, value]) => value !== null);
  return Object.fromEntries(
    kept.map(([name, value]) => [name, isObject(value) && name !== "kwargs" ? withoutNulls(value) : value]),
  );
}

/** The object that `--set a.b=value` means; the value is JSON where it parses, else text. */
export function assignment(text: string): PlainObject {
  const [, path, value] = /^([\w.]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined) throw new UsageError("BAD_ARGUMENT", `"${text}" is not of the form field=value.`);
  let parsed: unknown = value;
  try {
    parsed = JSON.parse(value);
  } catch {
    // Text needs no quotes.
  }
  return path.split(".").reduceRight<unknown>((inner, name) => ({ [name]: inner }), parsed) as PlainObject;
}

function isObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
