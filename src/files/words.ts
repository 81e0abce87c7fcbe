import { config } from "zod/v4/core";
import en from "zod/v4/locales/en.js";

/** Words for what a schema finds wrong: zod/mini, which pages can afford, brings none. */
export function inWords(): void {
  if (!config().localeError) config(en());
}
