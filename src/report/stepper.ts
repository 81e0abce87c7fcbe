import { toBase64 } from "../numeric/base64.ts";
import { type Content, html, type Html, raw } from "./html/html.ts";

/** What a page needs to run one decision itself: the engine's script, the network, and the state. */
export interface Stepper {
  /** That looks for `#stepper` and does everything (web/pages/stepper, as one script that loads nothing). */
  readonly script: string;
  /** A model file's bytes. */
  readonly model: Uint8Array;
  /** [observationSize] */
  readonly state: ArrayLike<number>;
  /** What the values of the state are, and in which range they can be moved. */
  readonly inputs: readonly { readonly name: string; readonly least: number; readonly most: number }[];
  readonly actions: readonly string[];
  /** Time steps. */
  readonly steps: number;
  /** Who spiked alike, and how often in this decision; left out where nobody did. */
  readonly judge?: { readonly name: string; readonly spikes: number };
}

/** The inputs of CartPole, within what an episode shows. */
export const cartPoleInputs: Stepper["inputs"] = [
  { name: "cart position, m", least: -2.4, most: 2.4 },
  { name: "cart velocity, m/s", least: -3, most: 3 },
  { name: "pole angle, rad", least: -0.21, most: 0.21 },
  { name: "pole velocity, rad/s", least: -3, most: 3 },
];

/** A decision to be stepped through. Without scripts nothing of it is seen. */
export function stepperFigure({ script, model, ...facts }: Stepper, caption: Content): Html {
  const number = (value: number): string => String(Number(value.toPrecision(4)));
  return html`<figure
    id="stepper"
    class="stepper"
    data-facts="${JSON.stringify({ ...facts, state: Array.from(facts.state) })}"
    hidden
  >
    <div class="controls">
      <button type="button" id="stepper-play">Play</button>
      <button type="button" id="stepper-back">Back</button>
      <button type="button" id="stepper-on">Next</button>
      <label for="stepper-at">time step</label>
      <input type="range" id="stepper-at" min="0" max="${facts.steps}" value="${facts.steps}" />
      <output id="stepper-now" for="stepper-at"></output>
    </div>
    <canvas id="stepper-raster" role="img" aria-label="Spikes up to this time step"></canvas>
    <dl class="potentials" id="stepper-values"></dl>
    <div class="inputs">
      ${facts.inputs.map(
        ({ name, least, most }, k) =>
          html`<label
            >${name} <output id="stepper-value-${k}"></output
            ><input
              type="range"
              id="stepper-input-${k}"
              min="${least}"
              max="${most}"
              step="${number((most - least) / 400)}"
          /></label>`,
      )}
    </div>
    <p id="stepper-said" role="status"></p>
    <figcaption>${caption}</figcaption>
    <script type="text/plain" id="stepper-model">
      ${raw(toBase64(model))}
    </script>
    <script>
      ${raw(script)};
    </script>
  </figure>`;
}

export const stepperCss = `
.stepper .controls{display:flex;flex-wrap:wrap;gap:8px 10px;align-items:center;margin-bottom:10px}
.stepper button{font:inherit;font-size:.9rem;color:var(--ink);background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.25em .8em;min-height:34px;cursor:pointer}
.stepper .controls input{flex:1 1 160px}
.stepper input{accent-color:var(--snn);width:100%;margin:0;height:26px}
.stepper output{font-variant-numeric:tabular-nums;min-width:4.5em}
.stepper canvas{display:block;width:100%}
.stepper .potentials{display:grid;grid-template-columns:auto 1fr auto;gap:6px 12px;align-items:center;margin:12px 0}
.stepper .potentials dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.stepper .potentials .track{height:10px;border-radius:5px;background:var(--panel);position:relative;overflow:hidden}
.stepper .potentials .bar{position:absolute;inset:0;transform-origin:left;background:var(--muted);opacity:.6}
.stepper .chosen{font-weight:600}.stepper .chosen .bar{background:var(--snn);opacity:1}
.stepper .inputs{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:4px 20px;font-size:.86rem;color:var(--muted)}
.stepper .inputs output{color:var(--ink);float:right}
.stepper :focus-visible{outline:2px solid var(--dqn);outline-offset:2px}
@media print{.stepper{display:none}}
`;
