import { html } from "../../../report/html/html.ts";
import { figure, shell } from "./shell.ts";

/** train.html: a DSQN learns before one's eyes. */
export const trainPage = shell({
  file: "train.html",
  script: "train",
  title: "A spiking network learns, here",
  lead: html`Nothing is set up and nothing is sent: a deep spiking Q-network learns to balance the pole in this page,
    from its first clumsy push on. <strong>The same seed gives the same curve</strong> in every browser, and in Node.`,
  main: html`
    <form class="row" id="start-form" autocomplete="off">
      <button type="submit" class="main" id="start">Start learning</button>
      <button type="button" id="stop" disabled>Stop</button>
      <label>Seed <input type="number" id="seed" min="0" max="999999999" step="1" value="1" required /></label>
      <button type="button" id="download" disabled>Download the network</button>
      <button type="button" id="curve-file" disabled>Curve as CSV</button>
    </form>
    <p class="said full" id="said" role="status">
      Two layers of 32 neurons, 20 time steps a decision, eight carts at once.
    </p>
    <progress id="progress" max="500" value="0" aria-label="Mean of greedy episodes, of 500" hidden></progress>
    <dl class="key">
      ${figure("episodes", "Episodes", "")} ${figure("steps-done", "Steps of the cart", "")}
      ${figure("greedy", "Greedy, mean of 20", "nest", "of at most 500")} ${figure("took", "Time", "snn")}
    </dl>
    <section class="card full" aria-labelledby="curve-h">
      <h2 id="curve-h">How it learns</h2>
      <div id="curve"></div>
      <ul class="legend">
        <li><i></i>return of an episode</li>
        <li><i class="snn"></i>mean of the last 100</li>
        <li><i class="nest"></i>greedy episodes</li>
      </ul>
    </section>
    <div class="stage">
      <section class="card" aria-labelledby="scene-h">
        <h2 id="scene-h">As it acts now</h2>
        <canvas
          id="scene"
          role="img"
          aria-label="The cart and the pole; it moves as soon as something was learned"
        ></canvas>
        <p class="note" id="acting">It begins to move with the first greedy evaluation, after 2,000 steps.</p>
      </section>
      <section class="card" aria-labelledby="decision-h">
        <h2 id="decision-h">This decision</h2>
        <dl class="values" id="values"></dl>
        <canvas id="raster" role="img" aria-label="Spikes of this decision"></canvas>
        <p class="note" id="raster-note">Its spikes, a row for each neuron.</p>
      </section>
    </div>
    <details>
      <summary>What to do with the network</summary>
      <p>
        The file is a model as dsqn writes them. <code>dsqn evaluate FILE --env CartPole-v1</code> scores it in
        Gymnasium, <code>dsqn certify FILE</code> compares its spikes with NEST’s, and the page Watch shows how it acts.
      </p>
    </details>
  `,
});
