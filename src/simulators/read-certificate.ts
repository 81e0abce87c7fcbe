import * as z from "zod/mini";
import { DsqnError } from "../errors.ts";
import { inWords } from "../files/words.ts";
import { fromBase64 } from "../numeric/base64.ts";
import type { Certificate } from "./certificate-form.ts";
import { digest, eventsIn } from "./evidence.ts";

const whole = z.int().check(z.nonnegative());
const count = z.int().check(z.positive());
const share = z.number().check(z.minimum(0), z.maximum(1));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/, "it is no SHA-256 in hex"));
const base64 = z
  .string()
  .check(z.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "it is not base64"));

const counts = {
  states: whole,
  bins: whole,
  spikes: whole,
  mismatchedBins: whole,
  // JSON has no Infinity.
  maxPotentialError: z.pipe(
    z.nullable(z.number().check(z.nonnegative())),
    z.transform((error) => error ?? Infinity),
  ),
  nearTies: whole,
};

const mappingSchema = z.strictObject({
  name: z.string(),
  simulator: z.string(),
  step: z.number(),
  resolution: z.number(),
  input: z.string(),
  ties: z.string(),
  layers: z.array(
    z.strictObject({
      layer: whole,
      model: z.string(),
      // Infinity is null in JSON.
      parameters: z.record(z.string(), z.unknown()),
      weights: z.strictObject({ unit: z.string(), factor: z.number() }),
      delay: z.number(),
    }),
  ),
  exact: z.boolean(),
  notes: z.array(z.string()),
});

const mismatchSchema = z.strictObject({
  state: whole,
  layer: whole,
  neuron: whole,
  step: whole,
  spikes: z.strictObject({ ours: z.boolean(), theirs: z.boolean() }),
  potential: z.nullable(z.number()),
  threshold: z.number(),
  reason: z.string(),
  around: z.optional(
    z.strictObject({ step: whole, ours: z.array(z.nullable(z.number())), theirs: z.array(z.nullable(z.number())) }),
  ),
});

const networkV1 = {
  ...counts,
  name: z.string(),
  sha256,
  shape: z.array(count).check(z.minLength(2)),
  steps: count,
  neuron: z.string(),
  reset: z.string(),
  encoding: z.string(),
  decoding: z.string(),
  source: z.enum(["visited", "random", "recorded"]),
  actionsEqual: share,
  firstMismatch: z.nullable(mismatchSchema),
  mapping: z.string(),
};
const tied = { tiedActions: z.optional(count) };
const networkV2 = z.strictObject({
  ...networkV1,
  ...tied,
  input: z.strictObject({
    shape: z.array(count).check(z.minLength(2), z.maxLength(3)),
    sha256,
    values: z.nullable(base64),
  }),
  layers: z.array(z.strictObject({ layer: whole, spikes: whole, sha256, events: z.optional(base64) })),
});

const judgement = {
  simulator: z.string(),
  version: z.string(),
  ...counts,
  potentialTolerance: z.number().check(z.nonnegative()),
  actionsEqual: share,
  passed: z.boolean(),
  seconds: z.number().check(z.nonnegative()),
};
const certificateV1 = {
  ...judgement,
  date: z.iso.datetime(),
  engine: z.strictObject({ name: z.string(), precision: z.enum(["float32", "float64"]) }),
  versions: z.record(z.string(), z.string()),
  seed: whole,
  networks: count,
  steps: z.nullable(count),
  neuron: z.nullable(z.string()),
  reset: z.nullable(z.string()),
  mapping: mappingSchema,
};
const columnSchema = z.strictObject({
  ...judgement,
  ...tied,
  recorded: z.boolean(),
  potentials: z.boolean(),
  mapping: z.nullable(mappingSchema),
  failure: z.optional(z.strictObject({ code: z.string(), message: z.string() })),
  results: z.optional(z.array(networkV2)),
});
const schemas = {
  1: z.strictObject({
    format: z.literal(1),
    ...certificateV1,
    results: z.array(z.strictObject(networkV1)).check(z.minLength(1)),
  }),
  2: z.strictObject({
    format: z.literal(2),
    ...certificateV1,
    ...tied,
    results: z.array(networkV2).check(z.minLength(1)),
    columns: z.array(columnSchema).check(z.minLength(1)),
    assumed: z.optional(z.array(z.string())),
  }),
} as const;

/**
 * A certificate of format 1 or 2 from its text; `source` names it in errors. Nothing in it is passed over, and what it says of itself is
 * checked: sums over its networks, hashes of the states and spikes that it holds.
 *
 * Errors: CERTIFICATE_INVALID.
 */
export function parseCertificate(text: string, source = "The certificate"): Certificate {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw invalid(source, `it is not JSON (${(cause as Error).message})`, cause);
  }
  const format = (json as { format?: unknown } | null)?.format;
  if (format !== 1 && format !== 2)
    throw invalid(source, `its format is ${JSON.stringify(format)}, and this dsqn knows 1 and 2`);
  inWords();
  const parsed = schemas[format].safeParse(json);
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw invalid(source, `${path.join(".") || "it"}: ${message}`, parsed.error);
  }
  const certificate = parsed.data as unknown as Certificate;
  checkSums(certificate, source);
  if (format === 2) checkEvidence(certificate, source);
  return certificate;
}

function checkSums(certificate: Certificate, source: string): void {
  const { results, networks, passed, mismatchedBins, actionsEqual, columns } = certificate;
  if (results.length !== networks) throw invalid(source, `it has ${results.length} results for ${networks} networks`);
  for (const key of ["states", "bins", "spikes", "mismatchedBins", "nearTies"] as const) {
    const sum = results.reduce((total, result) => total + result[key], 0);
    if (sum !== certificate[key]) throw invalid(source, `${key} is ${certificate[key]}, and its networks' ${sum}`);
  }
  const claims = [{ passed, mismatchedBins, actionsEqual }, ...(columns ?? [])];
  for (const claim of claims)
    if (claim.passed && (claim.mismatchedBins > 0 || claim.actionsEqual < 1))
      throw invalid(
        source,
        `it says passed with ${claim.mismatchedBins} mismatched bins and ${claim.actionsEqual} equal actions`,
      );
  const [first] = columns ?? [];
  if (first && (first.simulator !== certificate.simulator || first.bins !== certificate.bins))
    throw invalid(source, "its first column is another judge's than what stands above");
}

function checkEvidence({ results, columns = [] }: Certificate, source: string): void {
  for (const result of [...results, ...columns.flatMap((column) => column.results ?? [])]) {
    const { name, input, layers = [] } = result;
    if (input && input.values !== null) {
      const bytes = fromBase64(input.values);
      if (bytes.length !== 4 * input.shape.reduce((a, b) => a * b, 1) || digest(bytes) !== input.sha256)
        throw invalid(source, `the states of "${name}" are not those whose hash it holds`);
    }
    for (const layer of layers) {
      if (layer.events === undefined) continue;
      const bytes = fromBase64(layer.events);
      if (digest(bytes) !== layer.sha256 || eventsIn(layer)!.state.length !== layer.spikes)
        throw invalid(source, `the spikes of layer ${layer.layer} of "${name}" are not those whose hash it holds`);
    }
  }
}

function invalid(source: string, problem: string, cause?: unknown): DsqnError {
  return new DsqnError("CERTIFICATE_INVALID", `${source}: ${problem}.`, {
    cause,
    hint: "It was changed or cut short: make it again with the command that it names.",
    facts: { source },
  });
}
