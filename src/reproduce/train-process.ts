// One training run in a process of its own (see training.ts): a config comes in, what its curve says goes out.
import { createTrainable } from "../ann/create.ts";
import { withGymnasium } from "../agents/gymnasium.ts";
import { dqnSchema } from "../agents/dqn/config.ts";
import { trainDqn } from "../agents/dqn/train.ts";

process.once("message", async (message) => {
  try {
    const config = dqnSchema.parse(message);
    const result = await withGymnasium(config.environment, (makeEnvironments) =>
      trainDqn(config, { makeEnvironments, makeTrainable: createTrainable }),
    );
    const whole = result.curve.slice(99);
    const best = whole.length > 0 ? whole.reduce((a, b) => (b.mean100 > a.mean100 ? b : a)) : null;
    process.send?.({
      solvedAt: result.solvedAt,
      best: best?.mean100 ?? null,
      bestAt: best?.episode ?? null,
      seconds: result.seconds,
    });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
  process.disconnect();
});
