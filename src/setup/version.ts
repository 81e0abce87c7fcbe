import { manifest } from "./index.mjs";

/** Of this package: what package.json says. */
export function packageVersion(): string {
  return manifest.version;
}
