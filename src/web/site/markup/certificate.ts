import { html } from "../../../report/html/html.ts";
import { dropArea, shell } from "./shell.ts";

/** certificate.html: a simulator's spikes, computed anew. */
export const certificatePage = shell({
  file: "certificate.html",
  script: "certificate",
  title: "Don’t believe the certificate: compute it",
  lead: html`A certificate says that a network in dsqn and the same network in NEST spike alike. It holds the states
    they were shown and the hashes of NEST’s spikes. <strong>This page computes every spike anew</strong> and compares.`,
  main: html`
    ${dropArea(
      "Drop a model and its certificate here",
      html`A model as <code>dsqn</code> writes it (.safetensors), and what <code>dsqn certify --out</code> wrote
        (.json).`,
      ".safetensors,.json",
    )}
    <p class="said full" id="said" role="status"></p>
    <progress id="progress" max="1" value="0" aria-label="States computed" hidden></progress>
    <div id="result" hidden>
      <section class="verdict" id="verdict" aria-labelledby="verdict-h">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path
            id="mark"
            fill="none"
            stroke="currentColor"
            stroke-width="2.6"
            stroke-linecap="round"
            stroke-linejoin="round"
          />
        </svg>
        <div>
          <h2 class="unseen" id="verdict-h">Verdict</h2>
          <strong id="verdict-title"></strong>
          <span id="verdict-text"></span>
        </div>
      </section>
      <section class="card full" aria-labelledby="layers-h">
        <h2 id="layers-h">Layer by layer</h2>
        <div class="scroll" tabindex="0" role="group" aria-label="Table, scrolls sideways">
          <table>
            <caption>
              Number and SHA-256 of all spikes of a layer: which state, which time step, which neuron
            </caption>
            <thead>
              <tr>
                <th scope="col">network and layer</th>
                <th scope="col" class="num" id="their-name">simulator’s spikes</th>
                <th scope="col" class="num">computed here</th>
                <th scope="col">SHA-256, theirs and ours</th>
                <th scope="col">verdict</th>
              </tr>
            </thead>
            <tbody id="layers"></tbody>
          </table>
        </div>
      </section>
      <section class="card full" id="look" aria-labelledby="look-h">
        <div class="row spread">
          <h2 id="look-h">One decision, as it was computed here</h2>
          <label>State <input type="number" id="state" min="1" value="1" step="1" /></label>
        </div>
        <canvas id="raster" role="img" aria-label="Spikes of one decision"></canvas>
        <p class="note" id="raster-note"></p>
      </section>
      <section class="card plain full" aria-labelledby="claims-h">
        <h2 id="claims-h">What the certificate says of itself</h2>
        <div class="scroll" tabindex="0" role="group" aria-label="Table, scrolls sideways">
          <table>
            <caption class="unseen">
              The certificate’s own words
            </caption>
            <tbody id="claims"></tbody>
          </table>
        </div>
      </section>
    </div>
  `,
});
