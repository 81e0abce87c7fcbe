import { cartPoleAnimation, cartPoleStill } from "../images/cartpole.ts";
import { html, type Html } from "../html/html.ts";
import { frameRow, legend, motionFigure, paragraph, plotFigure, section } from "../html/parts.ts";
import { learningCurve } from "../plots/learning-curve.ts";
import { count, fixed, type CartPoleReport } from "./facts.ts";

/** The agents in motion. */
export function acting({ episodes, frames }: CartPoleReport): Html {
  return section(
    "agent",
    "The agent acting",
    motionFigure(
      cartPoleAnimation(episodes),
      cartPoleStill(episodes),
      html`Recorded in Gymnasium and shown in real time: cart position and pole angle of every step, both agents from
      the same start. An episode ends when the pole leans by more than 12°, the cart leaves the track between the two
      marks, or after 500 steps.`,
    ),
    frames.length > 0 &&
      frameRow(frames, html`Gymnasium's own picture of the spiking network's episode, ${frames.length} moments of it.`),
  );
}

/** How the dense network learned. */
export function training({ training: t, summary, shape }: CartPoleReport): Html {
  return section(
    "training",
    "Training the DQN",
    paragraph(
      html`A ${shape.join("\u2013")} network of rectified linear units learned from ${count(t.environmentSteps)} steps
      in ${t.returns.length} episodes, in ${fixed(summary.seconds.train)} seconds.`,
    ),
    plotFigure(
      (width) =>
        learningCurve(
          { returns: t.returns, threshold: t.threshold, evaluations: t.evaluations, unit: "return" },
          width,
        ),
      html`${legend([
        { name: "an episode", mark: "dot", tone: "dqn" },
        { name: "mean of the last 100", mark: "line", tone: "dqn" },
      ])}Exploring
      costs return: the greedy agent scores higher than the
      curve.${t.evaluations?.length ? " Diamonds: greedy evaluations." : ""}`,
    ),
  );
}
