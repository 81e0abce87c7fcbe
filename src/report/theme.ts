/**
 * One set of colours for plots, animations and pages, as CSS custom properties with a light and a dark value. The three
 * voices keep their colour everywhere: DQN blue, our spiking network orange, the reference simulator green-blue.
 * Each has a contrast of at least 4.5 to the paper in both schemes, and they stay apart for colour-blind readers.
 */
export const colours = {
  paper: { light: "#ffffff", dark: "#15181d" },
  panel: { light: "#f5f6f8", dark: "#1e2229" },
  ink: { light: "#1b1f24", dark: "#e8eaed" },
  muted: { light: "#5b6470", dark: "#9aa4b2" },
  line: { light: "#d7dbe0", dark: "#353b45" },
  dqn: { light: "#1f5fbf", dark: "#7cb0ff" },
  snn: { light: "#c2410c", dark: "#ff9a5c" },
  nest: { light: "#0f766e", dark: "#4fd1c1" },
  alarm: { light: "#b3123f", dark: "#ff7a9a" },
} as const;

/** A colour by its role. */
export type Colour = keyof typeof colours;
/** On light or on dark ground. */
export type Scheme = "light" | "dark";

/** A colour as plots name it. */
export const ink = (name: Colour): string => `var(--${name})`;

export const fonts = {
  sans: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  mono: 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, "DejaVu Sans Mono", monospace',
} as const;

/** The declarations of one scheme: `--ink: #1b1f24; ...`. */
export function declarations(scheme: Scheme): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value[scheme]}`)
    .join(";");
}

/** Light, dark where the reader prefers it, and always light on paper. */
export function themeCss(selector = ":root"): string {
  return [
    `${selector}{color-scheme:light dark;${declarations("light")}}`,
    `@media (prefers-color-scheme:dark){${selector}{${declarations("dark")}}}`,
    `@media print{${selector}{color-scheme:light;${declarations("light")}}}`,
  ].join("\n");
}

/** A file of its own from an inline drawing: with the colours of one scheme, or of the reader's. */
export function standalone(svg: string, scheme?: Scheme): string {
  const css = scheme ? `svg{${declarations(scheme)}}` : themeCss("svg");
  const style = `<style>${css}svg{color:var(--ink);font-family:${fonts.sans}}</style>`;
  const paper = `<rect width="100%" height="100%" fill="var(--paper)"/>`;
  return svg.replace(/^<svg/, '<svg xmlns="http://www.w3.org/2000/svg"').replace(/^(<svg[^>]*>)/, `$1${style}${paper}`);
}
