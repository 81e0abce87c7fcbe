import { nearest, UsageError } from "../../errors.ts";
import type { TrainMethod } from "./method.ts";

/** Every training method by the name that configs give it in `method`; loaded when first used. */
export const methods: Readonly<Record<string, () => Promise<TrainMethod>>> = {
  "dqn": async () => (await import("../dqn/method.ts")).dqnMethod,
  "dsqn": async () => (await import("../dqn/method.ts")).dqnMethod,
  "conv-dqn": async () => (await import("../pixels/method.ts")).convDqnMethod,
  "pixel-dsqn": async () => (await import("../pixels/method.ts")).convDqnMethod,
  "classifier": async () => (await import("../imitation-method.ts")).imitationMethod,
  "snn-classifier": async () => (await import("../imitation-method.ts")).imitationMethod,
  "reinforce": async () => (await import("../reinforce-method.ts")).reinforceMethod,
};

export async function loadMethod(name: unknown, what: string): Promise<TrainMethod> {
  const load = typeof name === "string" ? methods[name] : undefined;
  if (load) return load();
  const meant = nearest(String(name), Object.keys(methods));
  throw new UsageError("CONFIG_INVALID", `"method" in ${what} is ${JSON.stringify(name)}.`, {
    hint: `${meant ? `Did you mean "${meant}"? ` : ""}Methods: ${Object.keys(methods).join(", ")}.`,
  });
}
