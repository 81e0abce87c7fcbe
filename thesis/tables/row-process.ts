// Measures rows in a process of its own (see rows.ts); what one request has loaded, the next one finds.
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { measure } from "./measure.ts";
import { originalSide, ourSide, type Side } from "./networks.ts";
import { answerRequests } from "./processes.ts";
import type { RowRequest } from "./rows.ts";
import { experiments, gymnasiumId } from "./trials.ts";

/** The thesis's limit on episodes, in both environments. */
const MAX_STEPS = 500;

interface Workplace {
  readonly makeEnvironments: MakeEnvironments;
  readonly sides: Map<string, Side>;
}
const workplaces = new Map<string, Promise<Workplace>>();

/** Environments stay open for all requests; the process's end closes them. */
function open(id: string): Promise<Workplace> {
  return new Promise((resolve, reject) => {
    withGymnasium({ id, maxSteps: MAX_STEPS }, (makeEnvironments) => {
      resolve({ makeEnvironments, sides: new Map() });
      return new Promise(() => undefined);
    }).catch(reject);
  });
}

answerRequests(async ({ experiment, trial: index, side: name, original, episodes, keep }: RowRequest) => {
  const trial = experiments[experiment]()[index];
  const id = gymnasiumId(trial.environment);
  const workplace = await (workplaces.get(id) ?? workplaces.set(id, open(id)).get(id)!);
  const { makeEnvironments, sides } = workplace;
  const make = (): Side => (name === "ours" ? ourSide(makeEnvironments) : originalSide(original!));
  const side = sides.get(name) ?? sides.set(name, make()).get(name)!;
  return measure(trial, side, { makeEnvironments, episodes, keep });
});
