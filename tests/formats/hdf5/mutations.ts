import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DsqnError } from "../../../src/errors.ts";
import { type Hdf5Array, type Hdf5Group, readHdf5 } from "../../../src/formats/hdf5/read.ts";
import { Random } from "../../../src/numeric/random.ts";

const FIXTURES = join("tests", "fixtures", "hdf5");

/** Valid files, from which damaged ones are made. */
export function seeds(): Uint8Array[] {
  return readdirSync(FIXTURES)
    .filter((name) => name.endsWith(".h5"))
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(FIXTURES, name))));
}

/** A file with a few bytes changed, words set to extremes, pieces copied elsewhere, or its end cut off. */
export function mutated(file: Uint8Array, seed: number): Uint8Array {
  const random = Random.stream(seed, "mutations");
  const place = (): number => random.integer(random.uniform() < 0.5 ? Math.min(file.length, 4096) : file.length);
  const bytes = file.slice();
  for (let count = 1 + random.integer(6); count > 0; count--) {
    const at = place();
    const kind = random.uniform();
    if (kind < 0.5) bytes[at] = random.integer(256);
    else if (kind < 0.7) bytes.fill(random.uniform() < 0.5 ? 0xff : 0, at, at + [1, 2, 4, 8][random.integer(4)]);
    else if (kind < 0.9) {
      const from = 8 * random.integer(Math.floor(file.length / 8));
      bytes.copyWithin(8 * Math.floor(at / 8), from, from + 8);
    } else bytes[at] ^= [1, 2, 4, 8, 16, 32, 64, 128][random.integer(8)];
  }
  return random.uniform() < 0.05 ? bytes.subarray(0, place()) : bytes;
}

/** Reads everything: "ok", or the last error's code. Anything but a DsqnError is thrown. */
export function exercise(bytes: Uint8Array): string {
  let code = "ok";
  const attempt = (what: () => void): void => {
    try {
      what();
    } catch (error) {
      if (!(error instanceof DsqnError)) throw error;
      code = error.code;
    }
  };
  const visit = (entry: Hdf5Group | Hdf5Array): void => {
    attempt(() => entry.attributes().forEach((name) => entry.attribute(name)));
    if (entry.kind === "array") attempt(() => entry.read());
    else for (const name of entry.names) attempt(() => visit(entry.member(name)!));
  };
  attempt(() => visit(readHdf5(bytes)));
  return code;
}
