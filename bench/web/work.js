// What bench/web.ts measures, the same bundle in Node and in a page.
import { createWorld, fastEngine, readModel, trainHere, webPresets } from "dsqn/web";

/** Decisions per second in CartPole, the world's steps included where `steps`. */
export function decisions(bytes, count, steps) {
  const agent = fastEngine().load(readModel(bytes).network);
  const world = createWorld("CartPole-v1");
  let observation = world.reset(1);
  const started = performance.now();
  for (let k = 0; k < count; k++) {
    const action = agent.decide(observation);
    if (!steps) continue;
    const step = world.step(action);
    observation = step.terminated || step.truncated ? world.reset(k) : step.observation;
  }
  const seconds = (performance.now() - started) / 1000;
  agent.close();
  return count / seconds;
}

/** Environment steps per second while a DSQN learns its first 60 episodes. */
export async function learning() {
  const { environmentSteps, seconds } = await trainHere({ ...webPresets["cartpole-dsqn"], seed: 1, episodes: 60 });
  return environmentSteps / seconds;
}
