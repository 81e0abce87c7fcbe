/** A recorded game, as it was played: nothing of it is computed anew but the network's decisions. */
export interface Game {
  readonly screen: { readonly width: number; readonly height: number };
  readonly frame: { readonly width: number; readonly height: number; readonly stack: number };
  /** The console's screen before each decision, [height, width], indices into the palette. */
  readonly screens: readonly Uint8Array[];
  /** Red, green and blue as one number. */
  readonly palette: readonly number[];
  /** What the network sees, [height, width]: `stack - 1` frames from before the first decision, then one for each. */
  readonly frames: readonly Uint8Array[];
  /** What was chosen then. */
  readonly actions: readonly number[];
  /** After each decision, in all. */
  readonly points: readonly number[];
  readonly actionNames: readonly string[];
}

type Head = Omit<Game, "screens" | "frames">;

/** The observation of decision `t`, [height, width, stack], the newest frame last. */
export function stackOf({ frame: { stack }, frames }: Pick<Game, "frame" | "frames">, t: number): Float32Array {
  const pixels = frames[t].length;
  const observation = new Float32Array(pixels * stack);
  for (let c = 0; c < stack; c++) for (let k = 0; k < pixels; k++) observation[k * stack + c] = frames[t + c][k];
  return observation;
}

/** The screen before decision `t`, [height, width, 4], as a canvas takes it. */
export function screenOf({ screens, palette }: Game, t: number): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * screens[t].length);
  screens[t].forEach((index, k) => {
    const colour = palette[index];
    rgba.set([colour >> 16, (colour >> 8) & 255, colour & 255, 255], 4 * k);
  });
  return rgba;
}

/** Screens of red, green and blue as indices into one palette. */
export function indexed(screens: readonly Uint8Array[]): Pick<Game, "screens" | "palette"> {
  const colours = new Map<number, number>();
  const indices = screens.map((screen) =>
    Uint8Array.from({ length: screen.length / 3 }, (_, k) => {
      const colour = (screen[3 * k] << 16) | (screen[3 * k + 1] << 8) | screen[3 * k + 2];
      if (!colours.has(colour)) colours.set(colour, colours.size);
      return colours.get(colour)!;
    }),
  );
  if (colours.size > 256) throw new RangeError(`${colours.size} colours do not fit into a palette.`);
  return { screens: indices, palette: [...colours.keys()] };
}

/**
 * A game as bytes, before they are compressed: the length of a JSON head as uint32, the head, then for every screen and every frame what
 * differs from the one before (exclusive or).
 */
export function packGame({ screens, frames, ...rest }: Game): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(rest satisfies Head));
  const length = Uint8Array.from([0, 8, 16, 24], (shift) => head.length >> shift);
  const parts = [length, head, ...changes(screens), ...changes(frames)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
  return bytes;
}

/** Throws a RangeError or SyntaxError for what is no game. */
export function unpackGame(bytes: Uint8Array): Game {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Head;
  const { screen, frame, actions } = head;
  let at = 4 + length;
  const take = (count: number, size: number): Uint8Array[] => {
    const taken: Uint8Array[] = [];
    for (let k = 0; k < count; k++, at += size) {
      const one = bytes.slice(at, at + size);
      if (one.length < size) throw new RangeError("The game was cut short.");
      if (k > 0) for (let i = 0; i < size; i++) one[i] ^= taken[k - 1][i];
      taken.push(one);
    }
    return taken;
  };
  const screens = take(actions.length, screen.width * screen.height);
  return { ...head, screens, frames: take(actions.length + frame.stack - 1, frame.width * frame.height) };
}

const changes = (list: readonly Uint8Array[]): Uint8Array[] =>
  list.map((one, k) => (k === 0 ? one : one.map((value, i) => value ^ list[k - 1][i])));
