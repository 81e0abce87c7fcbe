import { platform } from "../../index.ts";
import { notice } from "./shell.ts";

/** Says what this browser lacks for the fast engine, and what that means here; whether the kernels run. */
export function sayPlatform(instead: string): boolean {
  const { kernels, problem } = platform();
  if (!kernels) notice("kernels", `This browser can't run the fast engine. ${problem!.message}`, instead, true);
  else if (typeof SharedArrayBuffer === "undefined")
    notice(
      "shared",
      "SharedArrayBuffer is missing here, so the engine runs on one thread.",
      "Whoever serves these pages can allow it with two headers, Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy; dsqn web sends them.",
      true,
    );
  return kernels;
}
