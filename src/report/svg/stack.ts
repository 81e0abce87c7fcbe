/** Drawings one above the other as one, all scaled to the width of the first. */
export function stack(drawings: readonly string[], alt: string, gap = 24): string {
  const sizes = drawings.map((svg) => {
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
    return { width: Number(width), height: Number(height) };
  });
  const width = sizes[0].width;
  const margin = 20;
  let top = margin;
  const placed = drawings.map((svg, i) => {
    const height = (sizes[i].height * width) / sizes[i].width;
    const inner = svg
      .replace(/ (width|height|role|aria-label)="[^"]*"/g, (attribute, _name, at: number) =>
        at < svg.indexOf(">") ? "" : attribute,
      )
      .replace("<svg", `<svg x="${margin}" y="${Math.round(top)}" width="${width}" height="${Math.round(height)}"`);
    top += height + gap;
    return inner;
  });
  const size = [width + 2 * margin, Math.round(top - gap + margin)];
  return `<svg viewBox="0 0 ${size[0]} ${size[1]}" width="${size[0]}" role="img" aria-label="${alt}">${placed.join("")}</svg>`;
}
