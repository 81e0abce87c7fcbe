// Errors of the set-up: a stable code, what happened, what to do. src/setup/python-environment.ts turns them into DsqnErrors.

export class SetupError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {{ hint?: string, facts?: Record<string, unknown>, cause?: unknown }} [options]
   */
  constructor(code, message, { hint, facts = {}, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "SetupError";
    this.code = code;
    this.hint = hint;
    this.facts = facts;
  }
}

/** How much of a tool's output an error repeats, and what of it says nothing: pip's markers, npm's stack frames. */
const LINES = 15;
const WIDTH = 240;
const NOISE = /^Ignoring \S+: markers|^npm (?:error|ERR!)\s+at |^npm (?:error|ERR!)\s*$/;

const AGAIN = "then run the same command again: it goes on from there.";

/** What npm, pip and uv print, and what it means. The first match counts. */
const causes = [
  {
    code: "DISK_FULL",
    pattern: /ENOSPC|No space left on device|os error 28|Disk quota exceeded|EDQUOT/i,
    message: (what) => `${what} failed: the disk is full.`,
    hint: `Free some space (the caches of npm, pip and uv may be emptied), ${AGAIN}`,
  },
  {
    code: "HASH_MISMATCH",
    pattern: /EINTEGRITY|DO NOT MATCH THE HASHES|hash mismatch|hashes? (?:do|does) not match/i,
    message: (what) => `${what} failed: a downloaded package does not have the hash that the lock file demands.`,
    hint: `A broken download or cache, or a mirror that serves other files. Empty the cache ("npm cache clean --force", "pip cache purge", "uv cache clean"), ${AGAIN}`,
  },
  {
    code: "CERTIFICATE_REJECTED",
    pattern:
      /CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer|SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET)_|self.signed certificate/i,
    message: (what) => `${what} failed: the registry's TLS certificate is not trusted here.`,
    hint: "If your company has its own certificate authority, name its bundle: NODE_EXTRA_CA_CERTS for npm, PIP_CERT for pip, SSL_CERT_FILE for uv.",
  },
  {
    code: "NETWORK_UNREACHABLE",
    pattern:
      /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network request|NewConnectionError|ConnectTimeout|ReadTimeout|Failed to establish a new connection|Temporary failure in name resolution|dns error|error sending request|Failed to fetch|Connection (?:refused|reset|broken)|ProxyError|tcp connect error|client error \(Connect\)/i,
    message: (what) => `${what} failed: the package registry cannot be reached.`,
    hint: `Check the network (behind a proxy: HTTPS_PROXY), ${AGAIN}`,
  },
  {
    code: "PACKAGE_UNAVAILABLE",
    pattern:
      /No matching distribution|Could not find a version|no (?:matching|compatible) (?:distribution|wheel|version)|No solution found|ETARGET|E404|has no wheels/i,
    message: (what) => `${what} failed: the registry has no build of a package for this system.`,
    hint: "If the registry can be reached: the locked packages exist for 64-bit Linux (glibc), most of them for macOS and Windows too; elsewhere use conda (environment.yml) and DSQN_PYTHON, or docker/.",
  },
  {
    code: "NOT_PERMITTED",
    pattern: /EACCES|EPERM|EROFS|Permission denied|Read-only file system/i,
    message: (what) => `${what} failed: no permission to write.`,
    hint: `Make the folder named below writable for you, or set DSQN_HOME to one that is, ${AGAIN}`,
  },
];

/**
 * The error for a failed tool, from its output.
 *
 * @param {string} what e.g. "Installing the npm packages"
 * @param {string} output
 * @param {Record<string, unknown>} facts
 */
export function explain(what, output, facts) {
  const telling = output.split(/\r?\n/).filter((line) => line.trim() && !NOISE.test(line));
  const tail = telling
    .slice(-LINES)
    .map((line) => line.slice(0, WIDTH))
    .join("\n");
  const known = causes.find(({ pattern }) => pattern.test(output));
  if (known)
    return new SetupError(known.code, known.message(what), { hint: known.hint, facts, cause: new Error(tail) });
  return new SetupError("SETUP_FAILED", `${what} failed.`, {
    hint: "Its last lines are below. Running the same command again starts this step afresh.",
    facts,
    cause: new Error(tail),
  });
}

/** Text for a person: code, message, hint, and the tool's last lines. */
export function render(error) {
  if (!(error instanceof SetupError)) return `dsqn: INTERNAL  ${error?.stack ?? error}\n`;
  const lines = [`dsqn: ${error.code}  ${error.message}`];
  if (error.hint) lines.push(`  what to do   ${error.hint}`);
  lines.push(`  see          docs/errors.md#${error.code.toLowerCase()}`);
  if (error.cause?.message) lines.push("", ...error.cause.message.split("\n").map((line) => `  | ${line}`));
  return `${lines.join("\n")}\n`;
}
