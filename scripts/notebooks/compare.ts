// Whether a notebook's outputs are those it was committed with, and where not.
import { type Cell, type Notebook, type Output, whole } from "./notebook.ts";

/** Numbers that no tolerance is stated for have to be equal up to rounding in the last digits. */
const EQUAL = 1e-9;

/**
 * One line per difference. Words have to be the same; numbers may differ by the cell's tolerance, relative to the larger one; a
 * number with a unit of time ("3.2 s", "40 ms", "1,200 steps/s") is never compared. Of a picture its description counts (the
 * numbers are in it), of a bitmap that it is there.
 */
export function differences(committed: Notebook, executed: Notebook): string[] {
  const found: string[] = [];
  const code = (notebook: Notebook): readonly Cell[] => notebook.cells.filter((cell) => cell.cell_type === "code");
  const [before, after] = [code(committed), code(executed)];
  if (before.length !== after.length) return [`${before.length} code cells committed, ${after.length} executed`];
  before.forEach((cell, i) => {
    const tolerance = cell.metadata.dsqn?.tolerance ?? EQUAL;
    const say = (problem: string): void => void found.push(`cell ${i + 1}: ${problem}`);
    const [old, now] = [shown(cell.outputs), shown(after[i].outputs)];
    for (const { kind, text } of now) if (kind === "stderr") say(`it complains: ${text.trim().slice(0, 300)}`);
    if (old.map(({ kind }) => kind).join() !== now.map(({ kind }) => kind).join())
      say(`puts out ${list(now)} instead of ${list(old)}`);
    else
      old.forEach(({ kind, text }, k) => {
        const problem = differs(text, now[k].text, tolerance);
        if (problem) say(`${kind}: ${problem}`);
      });
  });
  return found;
}

const list = (outputs: readonly { kind: string }[]): string => outputs.map(({ kind }) => kind).join(", ") || "nothing";

/** What is compared of each output. */
function shown(outputs: readonly Output[] = []): { kind: string; text: string }[] {
  return outputs.map(({ output_type, name, text, data = {} }) => {
    if (output_type === "stream") return { kind: name!, text: whole(text!) };
    const kind = Object.keys(data).sort()[0] ?? output_type;
    const content = whole(data[kind] ?? "");
    if (kind === "image/svg+xml") return { kind, text: /aria-label="([^"]*)"/.exec(content)?.[1] ?? "" };
    return { kind, text: kind.startsWith("image/") ? "" : content };
  });
}

const NUMBER = /[-\u2212]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?/gi;
const TIME =
  /\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?:\u2009|\u00a0| )?(?:(?:ms|\u00b5s|s|seconds|minutes|min)\b|[\w-]+(?: [\w-]+)?\/s\b)/gi;

/** The first difference of two texts, in words; undefined if there is none. */
export function differs(before: string, after: string, tolerance: number | "any"): string | undefined {
  const timeless = (text: string): string => text.replace(TIME, "TIME").replace(/[ \t]+/g, " ");
  const [old, now] = [timeless(before), timeless(after)];
  const words = (text: string): string =>
    text
      .replace(NUMBER, "#")
      .replace(/-{3,}:?|\s+/g, " ")
      .trim();
  if (tolerance !== "any" && words(old) !== words(now))
    return `"${excerpt(words(now))}" instead of "${excerpt(words(old))}"`;
  if (tolerance === "any") return undefined;
  const numbers = (text: string): number[] =>
    Array.from(text.matchAll(NUMBER), ([word]) => Number(word.replaceAll(",", "").replace("\u2212", "-")));
  const values = numbers(now);
  for (const [k, value] of numbers(old).entries())
    if (Math.abs(value - values[k]) > tolerance * Math.max(Math.abs(value), Math.abs(values[k])))
      return `${values[k]} instead of ${value}${tolerance > EQUAL ? ` (tolerance ${tolerance})` : ""}`;
  return undefined;
}

const excerpt = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}...` : text);
