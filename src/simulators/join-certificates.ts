import type { Certificate, Column, NetworkCertificate } from "./certificate-form.ts";
import { verdictOf } from "./certify-network.ts";

/**
 * The certificate of a series of networks, of the certificates of its parts in their order: what `certifyNetworks` says of all of them at once, but for
 * the date and for seconds, which are added up.
 */
export function joinCertificates(parts: readonly Certificate[]): Certificate {
  const [first] = parts;
  if (!first) throw new RangeError("There is nothing to join.");
  const columns = first.columns!.map((_, k) => joinColumns(parts.map((part) => columnOf(part, k))));
  const results = columns[0].results!;
  const { recorded: _recorded, potentials: _potentials, failure: _failure, results: _results, ...summary } = columns[0];
  const same = <T>(pick: (result: NetworkCertificate) => T): T | null =>
    results.every((result) => pick(result) === pick(results[0])) ? pick(results[0]) : null;
  return {
    ...first,
    date: parts
      .map(({ date }) => date)
      .sort()
      .at(-1)!,
    ...summary,
    mapping: columns[0].mapping ?? first.mapping,
    passed: columns.every(({ passed, failure }) => passed || failure),
    networks: results.length,
    steps: same((r) => r.steps),
    neuron: same((r) => r.neuron),
    reset: same((r) => r.reset),
    seconds: sum(parts.map(({ seconds }) => seconds)),
    results,
    columns: columns.map(({ results: own, ...column }, k) => (k === 0 ? column : { ...column, results: own })),
  };
}

/** Of the first column a certificate has the networks beside it. */
const columnOf = (part: Certificate, k: number): Column =>
  k === 0 ? { ...part.columns![0], results: part.results } : part.columns![k];

/** One judge over all parts. It ends where it first could not go on, as it would have done over all networks at once. */
function joinColumns(all: readonly Column[]): Column {
  const end = all.findIndex(({ failure }) => failure);
  const parts = end < 0 ? all : all.slice(0, end + 1);
  const results = parts.flatMap((part) => part.results ?? []);
  const potentialTolerance = Math.max(...parts.map((part) => part.potentialTolerance));
  const { failure } = parts.at(-1)!;
  const { tiedActions: _, ...first } = parts[0];
  return {
    ...first,
    ...verdictOf(results, potentialTolerance, failure !== undefined),
    seconds: sum(parts.map(({ seconds }) => seconds)),
    mapping: parts.find(({ mapping }) => mapping)?.mapping ?? null,
    ...(failure && { failure }),
    results,
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
