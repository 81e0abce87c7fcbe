/** As in version.ts, for a page, which reads no package.json; a test holds both together. */
export function packageVersion(): string {
  return "0.1.0";
}
