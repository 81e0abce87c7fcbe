import { z } from "zod";
import type { Wrapper } from "../environments/gymnasium.ts";
import { DsqnError } from "../errors.ts";

/** How a model's environment was made, besides its id. */
export interface EnvironmentOptions {
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly wrappers?: readonly Wrapper[];
}

const record = z.record(z.string(), z.unknown());
const options = z.object({
  kwargs: record.optional(),
  wrappers: z.array(z.object({ name: z.string(), kwargs: record.optional() })).optional(),
});

/**
 * What a card says of its environment: in `environmentOptions`, or in the config of the run that made it; fields that are empty are left out.
 * Throws CARD_INVALID where it says something else there.
 */
export function environmentOptionsOf(card: object | null | undefined): EnvironmentOptions {
  const { environmentOptions, config } = (card ?? {}) as {
    environmentOptions?: unknown;
    config?: { environment?: unknown };
  };
  const parsed = options.safeParse(environmentOptions ?? config?.environment ?? {});
  if (!parsed.success)
    throw new DsqnError(
      "CARD_INVALID",
      `The model's card says something else than kwargs and wrappers of its environment.`,
      {
        hint: "Mend `environmentOptions` in the .json beside the model, or delete the card.",
        facts: { field: parsed.error.issues[0].path.join(".") },
      },
    );
  const { kwargs = {}, wrappers = [] } = parsed.data;
  return { ...(Object.keys(kwargs).length > 0 && { kwargs }), ...(wrappers.length > 0 && { wrappers }) };
}

/** Of several cards that of the environment `id` which says more: that of what was trained, where the conversion's says nothing. */
export function environmentCard(
  id: string,
  ...cards: readonly (object | null | undefined)[]
): object | null | undefined {
  const own = cards.filter((card) => (card as { environment?: unknown } | null)?.environment === id);
  return own.find((card) => Object.keys(environmentOptionsOf(card)).length > 0) ?? cards.at(-1);
}

/** What the card of a network says of its environment that was made from the one with `card`. */
export function environmentOf(card: object | null | undefined): {
  readonly environment?: unknown;
  readonly environmentOptions?: EnvironmentOptions;
} {
  const environmentOptions = environmentOptionsOf(card);
  return {
    environment: (card as { environment?: unknown } | null | undefined)?.environment,
    ...(Object.keys(environmentOptions).length > 0 && { environmentOptions }),
  };
}
