import type { Surface } from "../common/canvas.ts";
import { fetchBytes } from "../common/files.ts";
import { type Game, screenOf, stackOf, unpackGame } from "./game.ts";
import type { Stage } from "./stage.ts";

/** A game of Breakout as it was played in the Arcade Learning Environment: the agent decides anew on what it saw then. */
export async function breakoutStage(): Promise<Stage> {
  const game = unpackGame(await inflate(await fetchBytes("data/breakout.game")));
  const { width, height } = game.screen;
  const screen = new OffscreenCanvas(width, height);
  const inside = screen.getContext("2d")!;
  let at = 0;
  let drawn = -1;
  return {
    id: "Breakout",
    rate: 15,
    actions: game.actionNames.map((name) => name.toLowerCase().replace("noop", "nothing")),
    // The console's pixels are twice as wide as high on a television.
    height: (available) => Math.min(520, available),
    get steps() {
      return at;
    },
    reset() {
      [at, drawn] = [0, -1];
      return stackOf(game, 0);
    },
    observation: () => stackOf(game, at),
    step() {
      const last = at === game.actions.length - 1;
      if (!last) at++;
      return { observation: stackOf(game, at), ended: last ? ending(game) : undefined };
    },
    recorded: () => game.actions[at],
    describe: () =>
      `A recorded game of Breakout, decision ${at + 1} of ${game.actions.length}: ${pointsAt(game, at)} points.`,
    draw({ context: c, width: w, height: h }: Surface) {
      if (drawn !== at) {
        inside.putImageData(new ImageData(screenOf(game, at), width, height), 0, 0);
        drawn = at;
      }
      const scale = Math.min(w / (width * 1.25), h / height);
      const [shownWidth, shownHeight] = [width * 1.25 * scale, height * scale];
      c.clearRect(0, 0, w, h);
      c.imageSmoothingEnabled = false;
      c.drawImage(screen, (w - shownWidth) / 2, (h - shownHeight) / 2, shownWidth, shownHeight);
    },
  };
}

const pointsAt = ({ points }: Game, at: number): number => (at === 0 ? 0 : points[at - 1]);
const ending = ({ points, actions }: Game): string => `${actions.length} decisions, ${points.at(-1)} points.`;

async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
