/** Throws unless every tag is closed in order and every attribute quoted. */
export function assertWellFormed(markup: string): void {
  const open: string[] = [];
  let end = 0;
  for (const match of markup.matchAll(/<(\/?)([\w-]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const between = markup.slice(end, match.index);
    if (/[<>]/.test(between) && open.at(-1) !== "style") throw new Error(`stray markup: ${between.slice(0, 80)}`);
    end = match.index + match[0].length;
    const [, closing, name, attributes, empty] = match;
    const names = [...attributes.matchAll(/([\w:-]+)=/g)].map(([, attribute]) => attribute);
    if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing at ${match.index}`);
    } else if (!empty) open.push(name);
    if (/[&](?!amp;|lt;|gt;|quot;|#)/.test(attributes)) throw new Error(`bare & in <${name}>: ${names.join(" ")}`);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(", ")}`);
  if (/[<>]/.test(markup.slice(end))) throw new Error("markup after the end");
}

/** The data of all paths whose style names `colour`. */
export function pathsStyled(svg: string, colour: string): string {
  return [...svg.matchAll(/<path [^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => /style="([^"]*)"/.exec(tag)?.[1].includes(colour))
    .map((tag) => / d="([^"]*)"/.exec(tag)?.[1] ?? "")
    .join("");
}
