import { html } from "../../../report/html/html.ts";
import { figure, shell } from "./shell.ts";

/** index.html: an agent acts, and what happens inside it. */
export const watchPage = shell({
  file: "index.html",
  script: "watch",
  title: "Watch a spiking agent think",
  lead: html`Its neurons say nothing but <strong>spike or no spike</strong>. Fifty times a second they decide where to
    push. Push the pole yourself, and see them change their mind.`,
  main: html`
    <form class="row spread" id="choice" autocomplete="off">
      <fieldset class="tabs" id="world">
        <legend class="unseen">World</legend>
        <label><input type="radio" name="world" value="cartpole" checked /><span>CartPole</span></label>
        <label><input type="radio" name="world" value="mountaincar" /><span>MountainCar</span></label>
        <label><input type="radio" name="world" value="breakout" /><span>Breakout</span></label>
      </fieldset>
      <label
        >Agent
        <select id="agent"></select
      ></label>
    </form>
    <div class="stage">
      <section class="card" aria-labelledby="scene-h">
        <h2 class="unseen" id="scene-h">The world</h2>
        <canvas id="scene" role="img" aria-label="The world that the agent acts in"></canvas>
        <div class="row spread">
          <div class="row">
            <button type="button" class="main" id="play" aria-keyshortcuts="Space">Pause</button>
            <button type="button" id="step" aria-keyshortcuts=".">One step</button>
            <label
              ><span class="unseen">Speed</span
              ><select id="speed">
                <option value="1">full speed</option>
                <option value="0.25">a quarter</option>
                <option value="0.04">slow motion</option>
              </select></label
            >
          </div>
          <div class="row" id="pushes">
            <button type="button" id="push-left" aria-keyshortcuts="ArrowLeft">← Push</button>
            <button type="button" id="push-right" aria-keyshortcuts="ArrowRight">Push →</button>
          </div>
        </div>
        <p class="said note" id="said" role="status"></p>
      </section>
      <section class="card" aria-labelledby="decision-h">
        <h2 id="decision-h">This decision</h2>
        <dl class="values" id="values"></dl>
        <canvas id="raster" role="img" aria-label="Spikes of this decision"></canvas>
        <p class="note" id="raster-note"></p>
      </section>
    </div>
    <section class="card full" id="past" aria-labelledby="history-h">
      <h2 id="history-h">The last ten seconds</h2>
      <canvas id="history" role="img" aria-label="Spikes of the last decisions"></canvas>
      <p class="note" id="history-note"></p>
    </section>
    <section class="card full" aria-labelledby="cost-h">
      <div class="row spread">
        <h2 id="cost-h">How long may it think?</h2>
        <output id="steps-shown" for="steps"></output>
      </div>
      <label class="unseen" for="steps">Time steps of a decision, T</label>
      <input type="range" id="steps" min="1" max="60" value="20" />
      <dl class="key">
        ${figure("cost-same", "Same decision", "snn")} ${figure("cost-spikes", "Spikes of a decision", "snn")}
        ${figure("cost-operations", "Operations", "dqn")} ${figure("cost-energy", "Energy of a decision", "nest")}
      </dl>
      <div class="two">
        <div id="same-chart"></div>
        <div id="energy-chart"></div>
      </div>
      <p class="note">
        Energy by the figures of a 45 nm process with a memory of 32 kB (Horowitz 2014; Yan, Bai and Wong 2024): a
        model, not a measurement. Dashed: the same layers as an artificial network, computed once.
      </p>
    </section>
    <details>
      <summary>Keys</summary>
      <p>
        <kbd>←</kbd> <kbd>→</kbd> push, <kbd>Space</kbd> pause or go on, <kbd>.</kbd> one step. A click beside the pole
        pushes it away.
      </p>
    </details>
  `,
});
