// npm run web:drift: how far whole episodes of the native worlds drift from Gymnasium's (docs/web.md). Both play from the same seeds; the shipped
// DSQN decides by what the native world shows, and both take its actions.
import { fastEngine } from "../../src/engines/fast/index.ts";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import { nativeEnvironments } from "../../src/environments/native/world.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";

const EPISODES = Number(process.argv[2] ?? 2000);
const SIDE_BY_SIDE = 500;

for (const [id, model] of [
  ["CartPole-v1", "cartpole-dsqn"],
  ["MountainCar-v0", "mountaincar-dsqn"],
] as const) {
  const agent = fastEngine().load(await loadSpikingNetwork(`models/${model}.safetensors`));
  const facts = { episodes: 0, steps: 0, drifted: 0, otherEnd: 0, largest: 0, firstStep: Infinity };
  await withGymnasium({ id }, async (makeEnvironments) => {
    for (let first = 0; first < EPISODES; first += SIDE_BY_SIDE) {
      const count = Math.min(SIDE_BY_SIDE, EPISODES - first);
      const [ours, theirs] = [await nativeEnvironments(id)(count), await makeEnvironments(count)];
      const seed = Array.from({ length: count }, (_, i) => 100_000 + first + i);
      let shown = await ours.reset({ seed });
      await theirs.reset({ seed });
      const size = ours.observationSize;
      const ended = new Uint8Array(count);
      const drifted = new Uint8Array(count);
      for (let t = 0; ended.includes(0); t++) {
        const actions = agent.run(shown).actions;
        const [a, b] = [await ours.step(actions), await theirs.step(actions)];
        for (let i = 0; i < count; i++) {
          if (ended[i]) continue;
          facts.steps++;
          for (let k = i * size; k < (i + 1) * size; k++) {
            const off = Math.abs(a.observations[k] - b.observations[k]);
            if (off === 0) continue;
            if (!drifted[i]) facts.firstStep = Math.min(facts.firstStep, t);
            drifted[i] = 1;
            facts.largest = Math.max(facts.largest, off);
          }
          const [end, other] = [a.terminated[i] | a.truncated[i], b.terminated[i] | b.truncated[i]];
          if (end !== other) facts.otherEnd++;
          ended[i] = end | other;
        }
        shown = a.observations;
      }
      facts.episodes += count;
      facts.drifted += drifted.reduce((sum, one) => sum + one, 0);
      await ours.close();
      await theirs.close();
    }
  });
  agent.close();
  process.stdout.write(`${id}: ${JSON.stringify(facts)}\n`);
}
