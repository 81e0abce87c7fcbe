import { createRequire } from "node:module";
import path from "node:path";
import * as setup from "../../setup/index.mjs";
import { DsqnError } from "../../errors.ts";
import type { OnProgress } from "../../progress.ts";
import { asDsqnError } from "../../setup/python-environment.ts";
import type { TensorflowBinding } from "./eager.ts";

/** TensorFlow.js with the native back end (tfjs-node): the part of it that dsqn uses. */
export interface Tfjs {
  readonly version: Readonly<Record<string, string>>;
  memory(): { numTensors: number };
  /** The native back end, below TensorFlow.js's own operations (eager.ts). */
  backend(): { readonly binding: TensorflowBinding };
}

export interface TfjsOptions {
  onProgress?: OnProgress;
  signal?: AbortSignal;
  /** False: what is not there yet is an error (TFJS_MISSING), not set up. */
  setUp?: boolean;
  env?: NodeJS.ProcessEnv;
}

/**
 * tfjs-node, set up when first needed (half a minute, 210 MB to download) in the managed home's folder tfjs; later
 * calls take a second. Importing this module loads nothing.
 *
 * @throws DsqnError TFJS_UNSUPPORTED (not 64-bit x86 Linux), TFJS_MISSING (with `setUp: false`), TFJS_BROKEN (it is there and
 *   does not load), COMPILER_MISSING, and the codes of {@link ensurePython}.
 */
export async function loadTfjs({ setUp = true, env = process.env, ...options }: TfjsOptions = {}): Promise<Tfjs> {
  let folder: string | undefined;
  try {
    setup.checkTfjsPlatform();
    folder = setup.readyTfjs(env) ?? (setUp ? await setup.ensureTfjs({ ...options, env }) : undefined);
  } catch (error) {
    throw asDsqnError(error);
  }
  if (folder === undefined)
    throw new DsqnError("TFJS_MISSING", "tfjs-node is not set up.", {
      hint: `"${setup.isClone ? "npm run setup -- --extras tfjs" : "dsqn doctor --fix tfjs"}" sets it up.`,
    });
  const require = createRequire(path.join(folder, "package.json"));
  mend(require("node:util") as LegacyUtil);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // TensorFlow takes oneDNN's kernels by itself only where the processor has AVX512-VNNI; they need a quarter less
  // processor time with AVX2 alone.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "1";
  try {
    return require("@tensorflow/tfjs-node") as Tfjs;
  } catch (cause) {
    throw new DsqnError("TFJS_BROKEN", `tfjs-node in ${folder} does not load in Node ${process.versions.node}.`, {
      hint: "It may have been built on another system. Delete that folder and run the same command again: it is then built anew.",
      facts: { folder, node: process.versions.node },
      cause,
    });
  }
}

interface LegacyUtil {
  isNullOrUndefined?: (value: unknown) => boolean;
  isArray?: (value: unknown) => boolean;
}

/** tfjs-node 4.22 calls two functions that later Nodes (from 23 on) no longer have. */
function mend(util: LegacyUtil): void {
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
  util.isArray ??= Array.isArray;
}
