import { describe, expect, it } from "@jest/globals";
import { DsqnError } from "../../../src/errors.ts";
import { untrustedReaders } from "../../../src/formats/nir/untrusted.ts";
import { mutated } from "../hdf5/mutations.ts";

describe.each(untrustedReaders)("damaged files, read as $name", ({ seeds, read }) => {
  it("are read where they are whole", () => {
    for (const seed of seeds()) expect(() => read(seed)).not.toThrow();
  });

  it("give a typed error or values, within a second each", () => {
    let refused = 0;
    for (const seed of seeds())
      for (let k = 0; k < 150; k++) {
        const before = performance.now();
        try {
          read(mutated(seed, k));
        } catch (error) {
          if (!(error instanceof DsqnError)) throw error;
          refused++;
        }
        expect(performance.now() - before).toBeLessThan(1000);
      }
    expect(refused).toBeGreaterThan(0);
  });
});
