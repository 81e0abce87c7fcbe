/** A combination of versions that set-up, the main job and the fast tier are tried on. */
export interface Cell {
  readonly node: string;
  readonly python: string;
  /** Another npm than the one that comes with Node; installs run without install scripts then. */
  readonly npm?: string;
  /** Deno instead of Node. */
  readonly deno?: string;
}

const [NODE, PYTHON] = ["20", "3.11"];

/** Each version of one beside the usual version of the other: all pairs would say little more. */
export const cells: readonly Cell[] = [
  ...["22", "24", "26", NODE].map((node) => ({ node, python: PYTHON })),
  ...["3.10", "3.12", "3.13", "3.14"].map((python) => ({ node: NODE, python })),
  { node: "22", python: PYTHON, npm: "12" },
  { node: NODE, python: PYTHON, deno: "2" },
];

export const nameOf = ({ node, python, npm, deno }: Cell): string =>
  deno === undefined ? `Node ${node}, Python ${python}${npm ? `, npm ${npm}` : ""}` : `Deno ${deno}`;

/** What is tried, one after the other; a step that fails ends the cell. */
export interface Step {
  readonly name: "set-up" | "main job" | "fast tier" | "command line" | "library";
  readonly command: readonly string[];
}

export function stepsOf({ npm, deno }: Cell): Step[] {
  if (deno !== undefined)
    return [
      // Deno reads TypeScript itself; packages are those that npm installed.
      { name: "command line", command: ["deno", "run", "-A", "scripts/dsqn.mjs", "--version"] },
      { name: "library", command: ["deno", "run", "-A", "scripts/matrix/deno.ts"] },
    ];
  const tier: Step = { name: "fast tier", command: ["npm", "test", "--", "--tier", "fast"] };
  if (npm === undefined)
    return [
      { name: "set-up", command: ["npm", "run", "setup"] },
      { name: "main job", command: ["npm", "start"] },
      tier,
    ];
  return [
    { name: "set-up", command: ["npm", "ci", "--ignore-scripts"] },
    { name: "main job", command: ["npm", "start"] },
  ];
}

/** How a step came out. */
export interface Outcome {
  readonly step: Step["name"];
  readonly ok: boolean;
  readonly seconds: number;
  /** The last line that it printed, or the error's. */
  readonly says: string;
}

export interface Result {
  readonly cell: string;
  /** As the programs say: { node: "22.23.3", npm: ..., python: ... }. */
  readonly versions: Readonly<Record<string, string>>;
  readonly outcomes: readonly Outcome[];
  /** Why it could not be had; null where it could. */
  readonly missing: string | null;
  readonly commit: string;
  readonly date: string;
}

/** The table of docs/compatibility.md: a row for each cell, in order; cells that were not run yet say so. */
export function table(results: readonly Result[]): string {
  const rows = cells.map((cell) => {
    const result = results.find((one) => one.cell === nameOf(cell));
    if (!result) return `| ${nameOf(cell)} | not run yet | | |`;
    if (result.missing !== null) return `| ${nameOf(cell)} | ${result.missing} | | ${result.date} |`;
    const versions = Object.entries(result.versions).map(([name, version]) => `${name} ${version}`).join(", "); // prettier-ignore
    return `| ${nameOf(cell)} | ${stepsOf(cell).map((step) => said(step, result)).join("; ")} | ${versions} | ${result.date}, ${result.commit} |`; // prettier-ignore
  });
  return ["| versions | outcome | in full | when, commit |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function said({ name }: Step, { outcomes }: Result): string {
  const outcome = outcomes.find(({ step }) => step === name);
  if (!outcome) return `${name}: not run`;
  const says = outcome.says.replaceAll("|", "\\|");
  return outcome.ok ? `${name} ok${name === "fast tier" ? ` (${says})` : ""}` : `**${name} failed**: ${says}`;
}
