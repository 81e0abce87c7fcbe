import { tmpdir } from "node:os";

/** Where sockets and logs lie: TMPDIR as this context sees it (os.tmpdir() alone does not see one that a test runner's context has set). */
export function temporaryFolder(): string {
  return process.env["TMPDIR"] || tmpdir();
}
