import { isSpiking, type Network } from "../../index.ts";
import { colours, onColours, surface } from "../common/canvas.ts";
import { byId } from "../common/dom.ts";
import { Show } from "../watch/show.ts";
import { cartpoleStage } from "../watch/stage.ts";
import { thinkerOf } from "../watch/thinker.ts";

/** How long a fallen pole is looked at, in milliseconds. */
const PAUSE = 500;

/** The newest network, acting beside its own learning at fifty decisions a second. */
export class Actor {
  readonly #stage = cartpoleStage();
  #show: Show | undefined;
  #seed = 0;
  #due = 0;
  #then = 0;
  #heldUntil = 0;
  #told = 0;

  constructor() {
    this.#stage.reset(0);
    this.#still();
  }

  take(network: Network): void {
    if (!isSpiking(network)) return;
    const old = this.#show;
    // Looking at what it visits moves the world: a new network begins a new episode.
    const thinker = thinkerOf(network, this.#stage, true);
    old?.thinker.close();
    if (old) old.use(thinker);
    else this.#show = new Show(thinker);
    this.#stage.reset(this.#seed++);
    this.#heldUntil = 0;
    if (!old) requestAnimationFrame((now) => this.#frame((this.#then = now)));
  }

  /** Before anything was learned. */
  #still(): void {
    const place = surface(
      byId<HTMLCanvasElement>("scene"),
      (width) => this.#stage.height(width),
      () => draw(),
    );
    const draw = (): void => {
      if (!this.#show) this.#stage.draw(place, 1);
    };
    const raster = surface(
      byId<HTMLCanvasElement>("raster"),
      () => 260,
      () => blank(),
    );
    const blank = (): void => {
      if (this.#show) return;
      raster.context.fillStyle = colours().paper;
      raster.context.fillRect(0, 0, raster.width, raster.height);
    };
    draw();
    blank();
    onColours(() => (draw(), blank()));
  }

  readonly #frame = (now: number): void => {
    requestAnimationFrame(this.#frame);
    const show = this.#show!;
    this.#due = Math.min(4, this.#due + ((now - this.#then) / 1000) * this.#stage.rate);
    this.#then = now;
    if (this.#heldUntil > 0 && now > this.#heldUntil) {
      this.#heldUntil = 0;
      this.#stage.reset(this.#seed++);
    }
    for (; this.#due >= 1 && this.#heldUntil === 0; this.#due--) {
      const result = show.thinker.think();
      show.set(result);
      if (this.#stage.step(result.actions[0]).ended !== undefined) this.#heldUntil = now + PAUSE;
    }
    show.draw();
    if (now - this.#told < 1500) return;
    this.#told = now;
    show.describe();
  };
}
