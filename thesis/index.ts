/**
 * dsqn/thesis: C. Hahn, "Deep Spiking Q Networks" (TUM 2020), as an application of the library: its tables with ours beside them. Importing it
 * registers the command `reproduce`, its pieces, the presets with the thesis's settings and the simulators of its set-ups; each is loaded when it is used.
 */
import { registerCommands } from "../src/cli/commands.ts";
import { registerPieces } from "../src/jobs/pieces/index.ts";
import { registerPresets } from "../src/learning/presets/index.ts";
import { registerSimulators } from "../src/simulators/names.ts";
import type { ExperimentName } from "./experiments.ts";
import { thesisPresets } from "./presets/index.ts";
import type { Reproduction, ReproduceOptions } from "./reproduce.ts";
import { thesisSimulators } from "./simulators/index.ts";

export type { ExperimentName, Row } from "./experiments.ts";
export type { Reproduction, ReproduceOptions } from "./reproduce.ts";
export type { Measured, Verdict } from "./verdict.ts";

registerCommands({
  reproduce: { summary: "The thesis's tables, ours beside them", load: () => import("./cli/reproduce.ts") },
});
registerPieces({ reproduce: async () => (await import("./measure/pieces.ts")).performRequest });
registerPresets(thesisPresets);
registerSimulators(thesisSimulators);

/**
 * Measures every row of an experiment's tables, with our networks and, where they are at hand, with the original's.
 *
 * Errors: ORIGINAL_MISSING, TRAINING_FAILED, and those of environments and simulators.
 */
export async function reproduce(experiment: ExperimentName, options: ReproduceOptions = {}): Promise<Reproduction> {
  return (await import("./reproduce.ts")).reproduce(experiment, options);
}
