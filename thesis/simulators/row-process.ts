// Measures rows of tables 4.12 to 4.14 in a process of its own (see reproduce.ts).
import { answerRequests } from "../tables/processes.ts";
import { rowOf, type SimulatorRow } from "./row.ts";
import type { RowRequest } from "./reproduce.ts";
import { simulatorTrials } from "./trials.ts";

answerRequests(async ({ experiment, trial, ...options }: RowRequest, note): Promise<SimulatorRow> => {
  const chosen = simulatorTrials(experiment)[trial];
  return rowOf(chosen, {
    ...options,
    onProgress: ({ done, total, note: step }) => note(`${done}/${total} episodes ended, ${step}`),
  });
});
