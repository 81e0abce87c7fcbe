import { html } from "../../../report/html/html.ts";
import { dropArea, figure, shell } from "./shell.ts";

/** convert.html: a network without spikes becomes one with. */
export const convertPage = shell({
  file: "convert.html",
  script: "convert",
  title: "Turn a network into spikes",
  lead: html`A trained network becomes a spiking one without learning anew. Each decision then takes T time steps:
    <strong>the more of them, the more alike both decide</strong>. How it is converted says how many it takes.`,
  main: html`
    ${dropArea(
      "Drop a network and states that it visited",
      html`A model without spikes (.safetensors), and a replay: the folder that <code>dsqn collect</code> wrote, or its
        <code>memory_inputs.npz</code>.`,
      ".safetensors,.npz,.json",
    )}
    <form class="row full" id="options" autocomplete="off">
      <label
        >Method
        <select id="method"></select
      ></label>
      <label
        >Neuron
        <select id="neuron">
          <option value="lagged-lif">lagged-lif, the thesis’s: a step from layer to layer</option>
          <option value="lif">lif: spikes arrive in their own step</option>
        </select></label
      >
    </form>
    <p class="said full" id="said" role="status"></p>
    <progress id="progress" max="1" value="0" aria-label="Of all T" hidden></progress>
    <div id="result" hidden>
      <section class="card" aria-labelledby="chart-h">
        <h2 id="chart-h">Same decisions, against T</h2>
        <div id="chart"></div>
        <ul class="legend" id="legend"></ul>
      </section>
      <section class="card full" aria-labelledby="choose-h">
        <div class="row spread">
          <h2 id="choose-h">Choose T</h2>
          <output id="steps-shown" for="steps"></output>
        </div>
        <label class="unseen" for="steps">Time steps of a decision, T</label>
        <input type="range" id="steps" min="0" max="15" value="11" />
        <dl class="key">
          ${figure("same", "Same decision", "snn", "as without spikes")}
          ${figure("spikes", "Spikes of a decision", "snn")}
          ${figure("enough", "99 % alike", "nest", "needs so many steps")} ${figure("states", "States", "dqn")}
        </dl>
        <p class="row full"><button type="button" id="download">Download the spiking network</button></p>
      </section>
      <details>
        <summary>The same in numbers</summary>
        <div class="scroll" tabindex="0" role="group" aria-label="Table, scrolls sideways">
          <table>
            <caption id="table-name"></caption>
            <thead>
              <tr>
                <th scope="col">T</th>
                <th scope="col" class="num">same decision</th>
                <th scope="col" class="num">spikes of a decision</th>
              </tr>
            </thead>
            <tbody id="rows"></tbody>
          </table>
        </div>
      </details>
    </div>
  `,
});
