import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import * as elementary from "../../src/numeric/elementary.ts";
import { Random } from "../../src/numeric/random.ts";

const { cos, exp, exponentOf, log, pow, powerOfTwo, sin } = elementary;

type Words = () => number;
type Argument = (word: Words) => number;

/** xorshift32 (Marsaglia 2003): the arguments of nearest.py. */
function words(): Words {
  let x = 1;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

const uniform =
  (low: number, high: number): Argument =>
  (word) =>
    low + (high - low) * (word() / 4294967296);
const whole =
  (low: number, high: number): Argument =>
  (word) =>
    low + (word() % (high - low));
const quarters: Argument = (word) => (1 + (word() % 100000)) * 1.5707963267948966;
const bytes = new DataView(new ArrayBuffer(8));
const finite: Argument = (word) => {
  for (;;) {
    bytes.setUint32(0, word());
    bytes.setUint32(4, word());
    const x = bytes.getFloat64(0);
    if (Number.isFinite(x)) return x;
  }
};
const positive: Argument = (word) => Math.abs(finite(word));

const around: Argument[][] = [[uniform(-0.25, 0.25)], [uniform(-7, 7)], [uniform(-1e6, 1e6)], [quarters], [finite]];
const cases: Record<"exp" | "log" | "pow" | "sin" | "cos", Argument[][]> = {
  exp: [[uniform(-5, 5)], [uniform(-700, 709)], [uniform(-745, -708)], [uniform(-1e-9, 1e-9)]],
  log: [[uniform(0, 1)], [uniform(0.9999999, 1.0000001)], [uniform(0, 1e6)], [positive]],
  pow: [
    [uniform(0, 1), uniform(-1, 1)],
    [uniform(0.99, 1), whole(0, 100000)],
    [positive, uniform(-4, 4)],
    [uniform(0, 0.1), uniform(250, 320)],
    [whole(1, 60), whole(-20, 90)],
  ],
  sin: around,
  cos: around,
};

/** Printed by nearest.py: what mpmath comes to with 1300 bits, rounded once. */
const nearest = {
  exp: "b188a1af65a4deb704085f9cbb7f61e04b50e1a2df4d14abe82228199de3406a",
  log: "71ae717b6488325fda34ce35577092b42e43f9fc34898a3725c5e489db618b4d",
  pow: "c9e454e01b381bbb29e6452f8d3afc8a3d46b28507ae02351859e1681391f27b",
  sin: "b014ea584fc63264fffaf988acd5c5f9fb54a1fe7bb93aa7f680f0246fa69f59",
  cos: "84e743b61dcee9e6e1f43a4ec32ad0862abeb8557bb541bc963a2d2b4fb1cf5d",
};

const fingerprint = (values: Iterable<number>): string => {
  const hash = createHash("sha256");
  for (const value of values) {
    bytes.setFloat64(0, value);
    hash.update(new Uint8Array(bytes.buffer));
  }
  return hash.digest("hex");
};

describe("elementary functions", () => {
  it.each(["exp", "log", "pow", "sin", "cos"] as const)(
    "%s is the nearest float64 to the true value, by mpmath",
    (name) => {
      const word = words();
      const own: (...x: number[]) => number = elementary[name];
      const values = cases[name].flatMap((group) =>
        Array.from({ length: 1000 }, () => own(...group.map((argument) => argument(word)))),
      );
      expect(fingerprint(values)).toBe(nearest[name]);
    },
  );

  it("powers of integers round as integers do, halves to even", () => {
    for (let base = 1; base <= 100; base++)
      for (let n = 0; n <= 154; n++)
        expect([base, n, pow(base, n)]).toEqual([base, n, Number(BigInt(base) ** BigInt(n))]);
  });

  it("powers of two are exact over the whole range, subnormal ones included", () => {
    for (let n = -1074, expected = 5e-324; n <= 1023; n++, expected *= 2) {
      expect([n, pow(2, n), pow(0.5, -n), pow(4, n / 2)]).toEqual([n, expected, expected, expected]);
      expect([n, exponentOf(expected), exponentOf(-1.5 * expected)]).toEqual([n, n, n < -1073 ? n + 1 : n]);
      if (n >= -1022) expect([n, powerOfTwo(n)]).toEqual([n, expected]);
    }
    expect([pow(2, 1024), pow(2, -1075), pow(2, -1074.9)]).toEqual([Infinity, 0, 5e-324]);
  });

  it("exact powers with a fraction are exact", () => {
    for (let k = 1; k < 3000; k++) expect([k, pow(k * k, 1.5), pow(k ** 4, 0.25)]).toEqual([k, k * k * k, k]);
  });

  it("have ECMAScript's special values", () => {
    expect(
      [
        NaN,
        Infinity,
        -Infinity,
        0,
        -0,
        709.782712893384,
        709.7827128933841,
        -745.1332191019411,
        -745.1332191019412,
      ].map(exp),
    ).toEqual([NaN, Infinity, 0, 1, 1, 1.7976931348622732e308, Infinity, 5e-324, 0]);
    expect([NaN, Infinity, -Infinity, 0, -0, -1, 1, 5e-324].map(log)).toEqual([
      NaN,
      Infinity,
      NaN,
      -Infinity,
      -Infinity,
      NaN,
      0,
      -744.4400719213812,
    ]);
    expect([NaN, Infinity, -Infinity, 0, -0, 5e-324, -5e-324].map(sin)).toEqual([
      NaN,
      NaN,
      NaN,
      0,
      -0,
      5e-324,
      -5e-324,
    ]);
    expect([NaN, Infinity, -Infinity, 0, -0, 5e-324].map(cos)).toEqual([NaN, NaN, NaN, 1, 1, 1]);
  });

  it("pow has them for all pairs of them", () => {
    const special = [
      NaN,
      Infinity,
      -Infinity,
      0,
      -0,
      1,
      -1,
      0.5,
      -0.5,
      2,
      -2,
      3,
      -3,
      2.5,
      -2.5,
      1e300,
      -1e300,
      9007199254740991,
    ];
    // Exact or no number in every engine, but for 2.5^2.5 and its like.
    const inexact = (x: number, y: number): boolean => Math.abs(y % 1) > 0 && x > 0 && x !== 1 && Number.isFinite(x);
    for (const x of special)
      for (const y of special) if (!inexact(x, y)) expect([x, y, pow(x, y)]).toEqual([x, y, Math.pow(x, y)]);
  });

  it("are odd and even as they should be", () => {
    const word = words();
    for (let n = 0; n < 1000; n++) {
      const x = finite(word);
      expect([sin(-x), cos(-x)]).toEqual([-sin(x), cos(x)]);
    }
  });
});

// The same on every version of Node and in browsers: what a run draws first.
it("a seed has one sequence of normal numbers", () => {
  const random = Random.stream(1, "weights");
  expect(fingerprint(Array.from({ length: 10000 }, () => random.normal()))).toBe(
    "1a5cd0214f98583c2bf049d1b3356a617b127ad47b95e194baa23b250b5e06ba",
  );
});
