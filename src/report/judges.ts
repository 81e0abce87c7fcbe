import type { Certificate, Column } from "../simulators/certificate.ts";
import { type Content, html, type Html } from "./html/html.ts";
import { paragraph, section, table } from "./html/parts.ts";

/** How judges write their own names. */
export const NAMES: Readonly<Record<string, string>> = {
  "nest": "NEST",
  "nest2": "NEST",
  "pynn-nest": "PyNN on NEST",
  "spinnaker-twin": "SpiNNaker's arithmetic",
  "node": "Node.js",
  "snntorch": "snnTorch",
  "spikingjelly": "SpikingJelly",
  "norse": "Norse",
  "recording": "the recording",
};
/** Who computed what, and whether it is equal. */
export function judgesTable(c: Certificate): Html {
  const own: Column[] = [...(c.columns ?? [])];
  const made = ({ simulator, version, recorded }: Column): Content =>
    html`${NAMES[simulator] ?? simulator}
    ${version}${recorded ? html`<br /><small>recorded there, in float32</small>` : null}`;
  return section(
    "judges",
    "Who computed what",
    paragraph(
      html`Each column of spikes beside those of dsqn's ${c.engine.name} engine in ${c.engine.precision}, over the same
      states and
      steps.${(c.assumed ?? []).length > 0 ? html` Taken for granted: ${(c.assumed ?? []).join("; ")}.` : null}`,
    ),
    table(
      "A bin is one neuron in one step of one state",
      [
        { heading: "computed by", cell: made },
        { heading: "bins", numeric: true, cell: (j) => (j.failure ? "–" : count(j.bins)) },
        { heading: "mismatched", numeric: true, cell: (j) => (j.failure ? "–" : count(j.mismatchedBins)) },
        { heading: "potentials differ by", numeric: true, cell: apart },
        {
          heading: "equal actions",
          numeric: true,
          cell: (j) => (j.failure ? "–" : `${(100 * j.actionsEqual).toFixed(1)}\u2009%`),
        },
        { heading: "", cell: (j) => j.failure?.message ?? (j.passed ? "equal" : "not equal: see below") },
      ],
      own,
    ),
  );
}

function apart({ failure, potentials, maxPotentialError: error }: Column): Content {
  if (failure) return "–";
  if (!potentials) return "not recorded";
  return error === 0 ? "0" : error.toExponential(1);
}

const count = (value: number): string => value.toLocaleString("en-US");
