import type { Certificate, Column, NetworkCertificate } from "./certificate-form.ts";
import type { Mapping } from "../network/mapping.ts";

/** A certificate for people. */
export function renderCertificate(certificate: Certificate): string {
  const { simulator, version, networks, maxPotentialError, potentialTolerance, results } = certificate;
  const failed = results.filter((r) => r.mismatchedBins > 0 || r.maxPotentialError > potentialTolerance);
  const error = maxPotentialError === 0 ? "0" : maxPotentialError.toExponential(2);
  const columns = certificate.columns ?? [];
  const [first] = columns;
  const { states, spikes, bins, nearTies, mismatchedBins, seconds } = certificate;
  return [
    `${`${simulator} ${version}`.trim()}: ${certificate.passed ? "the same network" : "NOT the same network"}`,
    `  networks           ${networks}, ${states} states in all`,
    `  spikes             ${count(spikes)} in ${count(bins)} bins, ${count(nearTies)} near ties`,
    `  mismatched bins    ${count(mismatchedBins)}`,
    first?.recorded
      ? `  potential error    ${first.potentials ? `${error} (float32 there)` : "not recorded there"}`
      : `  potential error    ${error} (allowed ${potentialTolerance})`,
    `  actions equal      ${actionsIn(certificate)}`,
    `  ${seconds.toFixed(1)} s`,
    ...failed.slice(0, 10).map(renderFailure),
    ...(failed.length > 10 ? [`  ... and ${failed.length - 10} more networks`] : []),
    ...(columns.length > 1 ? ["", ...columns.map(renderColumn)] : []),
    ...(certificate.assumed ?? []).map((what) => `  assumed: ${what}`),
    "",
    renderMapping(certificate.mapping),
  ].join("\n");
}

function actionsIn({ actionsEqual, tiedActions = 0, columns, results }: Certificate): string {
  // A recording without potentials has no actions where they are chosen by potential.
  if (columns?.[0].potentials === false && results.every(({ decoding }) => decoding.endsWith("potential")))
    return "not recorded there";
  const ties = tiedActions > 0 ? `, ${count(tiedActions)} between outputs that tie within what is allowed` : "";
  return `${(100 * actionsEqual).toFixed(2)} %${ties}`;
}

function renderColumn({ simulator, version, mismatchedBins, bins, failure }: Column): string {
  const judge = `  ${`${simulator} ${version}`.trim().padEnd(22)}`;
  if (failure) return `${judge} not run: ${failure.message}`;
  return `${judge} ${count(mismatchedBins)} of ${count(bins)} bins differ${mismatchedBins === 0 ? ": equal" : ""}`;
}

function renderFailure({ name, mismatchedBins, maxPotentialError, firstMismatch: first }: NetworkCertificate): string {
  const where =
    first &&
    `first in state ${first.state}, layer ${first.layer}, neuron ${first.neuron}, step ${first.step}. ${first.reason}`;
  const around = first?.around ? `${renderAround(first.around)}` : "";
  return `  ${name}: ${mismatchedBins} bins, potentials off by ${maxPotentialError.toExponential(2)}${where ? `; ${where}` : ""}${around}`;
}

/** Potentials after the steps around a mismatch, ours above theirs. */
function renderAround({
  step,
  ours,
  theirs,
}: NonNullable<NonNullable<NetworkCertificate["firstMismatch"]>["around"]>): string {
  const cell = (v: number | null): string => (v === null || Number.isNaN(v) ? "?" : v.toPrecision(8)).padStart(13);
  return [
    "",
    `    after step  ${ours.map((_, k) => String(step + k).padStart(13)).join("")}`,
    `    ours        ${ours.map(cell).join("")}`,
    `    theirs      ${theirs.map(cell).join("")}`,
  ].join("\n");
}

/** A mapping as a table: a row per layer. */
export function renderMapping(mapping: Mapping): string {
  const rows = mapping.layers.map(({ layer, model, parameters, weights, delay }) => [
    `  layer ${layer}`,
    model,
    `delay ${delay} ms`,
    `weights x ${weights.factor} (${weights.unit})`,
    shownParameters(parameters),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column].length)));
  return [
    `mapping ${mapping.name}: 1 step = ${mapping.step} ms, resolution ${mapping.resolution} ms, ${mapping.exact ? "exact" : "not exact"}`,
    `  input    ${mapping.input}`,
    `  ties     ${mapping.ties}`,
    ...rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    ),
    ...mapping.notes.map((note) => `  note     ${note}`),
  ].join("\n");
}

/** Of more values than these only the range is shown. */
const MANY = 8;

/** "V_th 1 + 2.2e-16, t_ref 0": values that differ from a whole number by rounding's width say so. */
export function shownParameters(parameters: Readonly<Record<string, unknown>>): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${key} ${shown(value)}`)
    .join(", ");
}

function shown(value: unknown): string {
  if (Array.isArray(value) && value.length > MANY)
    return `${shown(Math.min(...(value as number[])))} to ${shown(Math.max(...(value as number[])))} (${value.length} values)`;
  if (Array.isArray(value)) return `[${value.map(shown).join(" ")}]`;
  return typeof value === "number" &&
    Math.round(value) !== 0 &&
    Math.abs(value - Math.round(value)) < 1e-9 &&
    !Number.isInteger(value)
    ? `${Math.round(value)} + ${(value - Math.round(value)).toExponential(1)}`
    : String(value);
}

function count(n: number): string {
  return n.toLocaleString("en");
}
