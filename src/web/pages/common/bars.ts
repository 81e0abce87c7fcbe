import { make } from "./dom.ts";

/** A row of a list for each action: its name, a bar, and a value. */
export interface Bar {
  readonly row: readonly Element[];
  readonly bar: HTMLElement;
  readonly value: Element;
}

/** Fills `list` with them. */
export function makeBars(list: Element, actions: readonly string[]): Bar[] {
  const made = actions.map((name): Bar => {
    const bar = make("div", { class: "bar" });
    const row = [make("dt", {}, name), make("dd", { class: "track" }, bar), make("dd", {}, "")];
    return { row, bar, value: row[2] };
  });
  list.replaceChildren(...made.flatMap(({ row }) => row));
  return made;
}
