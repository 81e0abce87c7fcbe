// Notebooks as files: built from a Markdown source, and written so that only what matters differs from one execution to the next.
import { createHash } from "node:crypto";

/** What a cell has put out; nbformat's own names. */
export interface Output {
  readonly output_type: string;
  readonly name?: string;
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
  readonly metadata?: object;
}

export interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly id?: string;
  readonly metadata: { readonly dsqn?: { readonly tolerance?: number | "any" } };
  readonly source: string | readonly string[];
  readonly outputs?: readonly Output[];
  readonly execution_count?: number | null;
}

export interface Notebook {
  readonly cells: readonly Cell[];
  readonly metadata: object;
  readonly nbformat: 4;
  readonly nbformat_minor: 5;
}

/** nbformat keeps texts whole or as lines. */
export const whole = (text: string | readonly string[]): string => (typeof text === "string" ? text : text.join(""));

const metadata = {
  kernelspec: { display_name: "TypeScript", language: "typescript", name: "tslab" },
  language_info: { file_extension: ".ts", mimetype: "text/typescript", name: "typescript" },
};

/**
 * A notebook without outputs from Markdown: every ```ts block is a code cell, what lies between two is a text cell, and each heading
 * of the second level begins one. "```ts tolerance=0.05" states by how much its numbers may differ, "tolerance=any" that only their
 * presence counts.
 */
export function fromMarkdown(text: string): Notebook {
  const cells: Cell[] = [];
  const add = (cell_type: Cell["cell_type"], source: string, extra: Partial<Cell> = {}): void => {
    const trimmed = source.trim();
    if (!trimmed) return;
    const id = `${String(cells.length + 1).padStart(2, "0")}-${createHash("sha256").update(trimmed).digest("hex").slice(0, 8)}`;
    cells.push({ cell_type, id, metadata: {}, source: trimmed, ...extra });
  };
  for (const part of text.split(/^(```ts(?: [^\n]*)?\n[\s\S]*?^```$)/m)) {
    const code = /^```ts(?: ([^\n]*))?\n([\s\S]*?)^```$/m.exec(part);
    if (!part.startsWith("```ts") || !code) for (const section of part.split(/^(?=## )/m)) add("markdown", section);
    else {
      const tolerance = /\btolerance=(\S+)/.exec(code[1] ?? "")?.[1];
      const stated =
        tolerance === undefined ? {} : { dsqn: { tolerance: tolerance === "any" ? "any" : Number(tolerance) } };
      add("code", code[2], { metadata: stated as Cell["metadata"], execution_count: null, outputs: [] });
    }
  }
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 };
}

/** With the outputs of an execution of the same cells, and nothing in it that changes by itself. */
export function withOutputs(notebook: Notebook, executed: Notebook): Notebook {
  let count = 0;
  const cells = notebook.cells.map((cell, i) =>
    cell.cell_type === "code"
      ? { ...cell, execution_count: ++count, outputs: settled(executed.cells[i].outputs ?? []) }
      : cell,
  );
  return { ...notebook, cells };
}

function settled(outputs: readonly Output[]): Output[] {
  const kept: Output[] = [];
  for (const { output_type, name, text, data } of outputs) {
    const last = kept.at(-1);
    if (output_type === "stream") {
      if (last?.name === name && last?.output_type === "stream")
        kept[kept.length - 1] = { ...last, text: whole(last.text!) + whole(text!) };
      else kept.push({ name, output_type, text: whole(text!) });
    } else kept.push({ data, metadata: {}, output_type });
  }
  return kept;
}

/** As the file is written: sorted keys and lines of text, as nbformat does, so that Jupyter's saving changes little. */
export function serialise(notebook: Notebook): string {
  const lines = (text: string): string[] => text.split(/(?<=\n)/);
  const sorted = (value: unknown, key = ""): unknown => {
    if (Array.isArray(value)) return value.map((item) => sorted(item));
    if (typeof value === "string" && ["source", "text", "text/markdown", "text/plain"].includes(key))
      return lines(value);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, item]) => [name, sorted(item, name)]),
    );
  };
  return `${JSON.stringify(sorted(notebook), null, 1)}\n`;
}
