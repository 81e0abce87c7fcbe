/** The element of this page with that id; a page's markup and its script belong together. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element "${id}".`);
  return found as unknown as T;
}

/** Sets text only where it changes: what doesn't change needs no layout. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A new element with attributes and children. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The next frame: a promise, so that long work can let the page breathe. */
export const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));

/** Offers bytes as a file to keep. */
export function download(name: string, bytes: Uint8Array | string, type = "application/octet-stream"): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
  const link = make("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export const count = (value: number): string => value.toLocaleString("en-US");
export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(share === 1 ? 0 : digits)} %`;

/** Picojoules in a unit that suits. */
export function joules(picojoules: number): string {
  const [value, unit] =
    picojoules < 1e3 ? [picojoules, "pJ"] : picojoules < 1e6 ? [picojoules / 1e3, "nJ"] : [picojoules / 1e6, "µJ"];
  return `${value.toPrecision(3)} ${unit}`;
}
