import { UsageError } from "../../errors.ts";
import type { Tensor } from "../../files/tensor.ts";
import { frameworksIn } from "./pairing.ts";

/** A state_dict with the tensors of a framework's neurons is no network without them: FRAMEWORK_MISSING says what to say. */
export function refuseSpiking(tensors: Readonly<Record<string, Tensor>>, source: string): void {
  const seen = frameworksIn(tensors);
  if (seen.length === 0) return;
  const names = seen.flatMap((one) => one.names).slice(0, 4);
  throw new UsageError(
    "FRAMEWORK_MISSING",
    `${source} holds neurons (${names.join(", ")}): it is a spiking network of ${seen.map((one) => one.framework).join(" or ")}.`,
    {
      hint: `Add --framework ${seen[0].framework}; dsqn import --explain says what else is asked for.`,
      facts: { source, frameworks: seen.map((one) => one.framework), tensors: names },
    },
  );
}
