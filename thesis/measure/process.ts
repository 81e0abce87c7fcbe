// Measures and trains in a process of its own (see rows.ts, training.ts, breakout/show.ts): what one request has opened, the next one finds.
import "../index.ts";
import { experimentOf } from "../experiments.ts";
import { placeOf } from "./place.ts";
import { answerRequests } from "./processes.ts";
import type { Request } from "./request.ts";
import { scoreOf } from "./score.ts";

answerRequests(async (request: Request, note): Promise<unknown> => {
  switch (request.part) {
    case "row": {
      const trial = experimentOf(request.experiment).trials()[request.trial];
      const player = await (await placeOf(trial, request)).player(trial, request.side);
      return scoreOf(trial, player, {
        ...request,
        onProgress: ({ done, total, note: step }) => note(`${done}/${total} episodes ended, ${step}`),
      });
    }
    case "training":
      return (await import("./train.ts")).train(request);
    case "occlusion":
    case "film":
      return (await import("../breakout/show.ts")).answer(request);
  }
});
