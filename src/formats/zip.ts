import { unzipSync } from "fflate";

/** Deflate makes nothing larger than this times its size. */
const LARGEST_RATIO = 1032;
/** More than any network or replay takes. */
const LARGEST_TOTAL = 4 * 1024 ** 3;

/** The files of a zip archive by name. Throws an Error for a damaged archive, and for one that claims more than it can hold. */
export function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  let total = 0;
  return unzipSync(bytes, {
    filter({ name, size, originalSize }) {
      total += originalSize;
      if (originalSize > size * LARGEST_RATIO + 64 || total > LARGEST_TOTAL)
        throw new Error(`"${name}" claims ${originalSize} bytes`);
      return true;
    },
  });
}

/** The names in a zip archive; none in anything else. */
export function namesIn(bytes: Uint8Array): string[] {
  const names: string[] = [];
  try {
    unzipSync(bytes, {
      filter({ name }) {
        names.push(name);
        return false;
      },
    });
  } catch {
    return [];
  }
  return names;
}
