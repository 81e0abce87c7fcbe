import { DsqnError, UsageError } from "../../errors.ts";

/** A file that is no graph as NIR describes it: NIR_INVALID. */
export function nirInvalid(source: string, problem: string, node?: string): DsqnError {
  return new DsqnError("NIR_INVALID", `${source}: ${at(node)}${problem}.`, {
    facts: { source, node },
    hint: "Write it again with nir.write; https://neuroir.org/docs describes what each node must have.",
  });
}

/** What NIR can say and no network of ours can: NIR_UNSUPPORTED, with the node's name. */
export function nirUnsupported(source: string, problem: string, node?: string, hint?: string): DsqnError {
  return new DsqnError("NIR_UNSUPPORTED", `${source}: ${at(node)}${problem}.`, {
    facts: { source, node },
    hint: hint ?? "docs/nir.md has a table of all nodes, and why some have no counterpart.",
  });
}

/** A dialect that is missing, or is not the file's: NIR_DIALECT. */
export function nirDialect(source: string, problem: string, hint: string, node?: string): UsageError {
  return new UsageError("NIR_DIALECT", `${source}: ${at(node)}${problem}.`, { facts: { source, node }, hint });
}

/** A time step with which a decay is none: NIR_DT. */
export function nirTimeStep(source: string, problem: string, hint: string, node?: string): UsageError {
  return new UsageError("NIR_DT", `${source}: ${at(node)}${problem}.`, { facts: { source, node }, hint });
}

const at = (node: string | undefined): string => (node === undefined ? "" : `node "${node}": `);
