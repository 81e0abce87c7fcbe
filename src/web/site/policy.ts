/**
 * What the pages may do: load from the folder that they lie in, and compile WebAssembly from bytes that they have. Nothing else, so that
 * what is dropped on a page cannot leave it.
 */
const RULES = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  "style-src": "'self'",
  "img-src": "'self'",
  "connect-src": "'self'",
  "worker-src": "'self'",
  "manifest-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
} as const;

/** As a page says it itself, for hosts whose headers nobody sets. */
export const contentSecurityPolicy = Object.entries(RULES)
  .map(([name, value]) => `${name} ${value}`)
  .join("; ");

/** As `dsqn web` sends it with everything. The two COOP and COEP make a page cross-origin isolated: threads may share memory. */
export const headers: Readonly<Record<string, string>> = {
  "Content-Security-Policy": `${contentSecurityPolicy}; frame-ancestors 'none'`,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "X-Content-Type-Options": "nosniff",
};
