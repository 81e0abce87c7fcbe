import { cpus } from "node:os";

/** Where something was measured: "2 cores of AMD EPYC, Node.js 20.20.2, linux x64". */
export function machine(): string {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  return `${length} cores of ${model.trim()}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
}
