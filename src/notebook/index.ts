/** dsqn/notebook: what cells of a notebook need besides the library: figures that stand on their own, tables as Markdown. */
export { figure } from "./figure.ts";
export { markdownTable } from "./table.ts";
