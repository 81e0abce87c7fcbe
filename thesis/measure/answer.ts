import { experimentOf } from "../experiments.ts";
import { placeOf } from "./place.ts";
import type { Request } from "./request.ts";
import { scoreOf } from "./score.ts";

/** Answers one request of a reproduction in this process: what one has opened, the next one finds. `note` says how far it is. */
export async function answer(request: Request, note: (text: string) => void): Promise<unknown> {
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
}
