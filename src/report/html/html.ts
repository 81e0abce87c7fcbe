/** Markup that is safe to put into a page: made by `html`, or declared so by `raw`. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What `html` takes: markup as it is, text and numbers escaped, nothing for null, undefined and false, lists one after the other. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/** Markup from a template: everything put in is escaped, unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(strings.reduce((text, string, i) => text + render(values[i - 1]) + string));
}

/** Markup made elsewhere, such as SVG. */
export function raw(markup: string): Html {
  return new Html(markup);
}

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(render).join("");
  return String(value)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
