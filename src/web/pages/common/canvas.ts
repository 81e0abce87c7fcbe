/** The page's colours as they are now, for what is drawn and not styled. */
type Palette = Readonly<
  Record<"paper" | "panel" | "ink" | "muted" | "line" | "dqn" | "snn" | "nest" | "alarm", string>
>;

let palette: Palette | undefined;
const listeners = new Set<() => void>();

/** Reads the colours once, and again when the scheme changes. */
export function colours(): Palette {
  if (!palette) {
    const style = getComputedStyle(document.documentElement);
    const names = ["paper", "panel", "ink", "muted", "line", "dqn", "snn", "nest", "alarm"] as const;
    palette = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
  }
  return palette;
}

export function onColours(listener: () => void): void {
  listeners.add(listener);
}

export function coloursChanged(): void {
  palette = undefined;
  for (const listener of listeners) listener();
}

/** A canvas to draw on in CSS pixels, as sharp as the screen. */
export interface Surface {
  readonly context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/** Keeps the canvas as many pixels as it covers; `redraw` is called when its size changes later. */
export function surface(canvas: HTMLCanvasElement, heightOf: (width: number) => number, redraw: () => void): Surface {
  const context = canvas.getContext("2d")!;
  const own: Surface = { context, width: 0, height: 0 };
  const fit = (): boolean => {
    const width = Math.max(1, Math.round(canvas.clientWidth));
    const height = Math.max(1, Math.round(heightOf(width)));
    const scale = Math.min(3, window.devicePixelRatio || 1);
    if (width === own.width && height === own.height && canvas.width === Math.round(width * scale)) return false;
    [own.width, own.height] = [width, height];
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    canvas.style.height = `${height}px`;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    return true;
  };
  // In the next frame: a canvas that changes its height while it is being observed is reported as an error of the page.
  new ResizeObserver(() => requestAnimationFrame(() => fit() && redraw())).observe(canvas);
  fit();
  return own;
}
