import type { Check } from "./check.ts";
import { nodeChecks } from "./node.ts";
import { pythonChecks } from "./python.ts";

export type { Check } from "./check.ts";

/** Looks at everything that dsqn rests on; installs and changes nothing. */
export async function diagnose(): Promise<{ checks: Check[]; ok: boolean }> {
  const checks = (await Promise.all([nodeChecks(), pythonChecks()])).flat();
  return { checks, ok: checks.every(({ ok, required }) => ok || !required) };
}

/** A line for each check, with its fix below when something is missing. */
export function renderChecks(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const lines = checks.flatMap(({ name, ok, required, version, hint, where }) => {
    const mark = ok ? "ok      " : required ? "MISSING " : "-       ";
    const head =
      `${mark}${name.padEnd(width)}  ${version ?? (ok || required ? "" : "optional")}${where ? ` (${where})` : ""}`.trimEnd();
    return hint === null ? [head] : [head, `        ${" ".repeat(width)}  ${hint}`];
  });
  const missing = checks.filter(({ ok, required }) => !ok && required).length;
  lines.push(
    "",
    missing === 0
      ? "All that is required is there."
      : `${missing} required thing${missing > 1 ? "s are" : " is"} missing.`,
  );
  return lines.join("\n");
}
