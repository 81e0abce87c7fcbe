import { describe, expect, it } from "@jest/globals";
import { adam, clipNorm, clipValues, rmsprop, sgd, type Optimizer } from "../../../src/engines/optimizers/index.ts";
import { Random } from "../../../src/numeric/random.ts";

const random = new Random(1);
const vector = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());

/** What `torch.optim` (PyTorch 2.15, CPU) makes of p = [1, -2, 0.5] in three steps with g = p + 0.1. */
const torch: [string, () => Optimizer, number[]][] = [
  ["adam", () => adam(3, { learningRate: 0.1 }), [0.7013824582099915, -1.7006648778915405, 0.2035416066646576]],
  [
    "rmsprop",
    () => rmsprop(3, { learningRate: 0.1, alpha: 0.95, epsilon: 1e-3 }),
    [0.17703911662101746, -1.0742958784103394, -0.08961807191371918],
  ],
  [
    "rmsprop, centered with momentum",
    () => rmsprop(3, { learningRate: 0.1, centered: true, momentum: 0.9 }),
    [-1.2545720338821411, 1.3352280855178833, -0.43400195240974426],
  ],
  [
    "sgd with momentum",
    () => sgd(3, { learningRate: 0.1, momentum: 0.9 }),
    [0.43459996581077576, -1.0233999490737915, 0.1915999799966812],
  ],
  [
    "sgd, nesterov",
    () => sgd(3, { learningRate: 0.1, momentum: 0.9, nesterov: true }),
    [0.2600530982017517, -0.7219099402427673, 0.09639260172843933],
  ],
];

function threeSteps(optimizer: Optimizer, at = Float32Array.of(1, -2, 0.5)): Float32Array {
  for (let k = 0; k < 3; k++)
    optimizer.step(
      at,
      at.map((x) => x + 0.1),
    );
  return at;
}

describe("optimisers", () => {
  it.each(torch)("%s follows PyTorch's numbers", (_, make, expected) => {
    expected.forEach((x, i) => expect(threeSteps(make())[i]).toBeCloseTo(x, 6));
  });

  const all: [string, (n: number) => Optimizer][] = [
    ["adam", (n) => adam(n)],
    ["rmsprop", (n) => rmsprop(n)],
    ["rmsprop centered, momentum", (n) => rmsprop(n, { centered: true, momentum: 0.9 })],
    ["sgd", (n) => sgd(n)],
    ["sgd, nesterov", (n) => sgd(n, { momentum: 0.9, nesterov: true })],
  ];

  it.each(all)("%s goes on bit for bit from a saved state", (_, make) => {
    const n = 37;
    const gradients = Array.from({ length: 10 }, () => vector(n));
    const whole = vector(n);
    const resumed = whole.slice();
    const one = make(n);
    gradients.forEach((g) => one.step(whole, g));
    const two = make(n);
    gradients.slice(0, 4).forEach((g) => two.step(resumed, g));
    const three = make(n);
    three.restore(
      JSON.parse(JSON.stringify(two.save()), (key, value) =>
        key === "moments" ? value.map((m: object) => Float32Array.from(Object.values(m))) : value,
      ),
    );
    gradients.slice(4).forEach((g) => three.step(resumed, g));
    expect(resumed).toEqual(whole);
  });

  it.each(all)("%s refuses sizes and states that are not its own", (_, make) => {
    expect(() => make(3).step(new Float32Array(4), new Float32Array(4))).toThrow(
      expect.objectContaining({ code: "OPTIMIZER_SIZE" }),
    );
    expect(() =>
      make(3).restore({ steps: 1, moments: [new Float32Array(1), new Float32Array(3), new Float32Array(3)] }),
    ).toThrow(expect.objectContaining({ code: "OPTIMIZER_STATE" }));
  });
});

describe("clipping", () => {
  it("clamps each element", () => {
    const g = Float32Array.of(-3, -1, 0.5, 2);
    clipValues(g, 1);
    expect([...g]).toEqual([-1, -1, 0.5, 1]);
  });

  it("limits the norm and leaves short gradients alone", () => {
    const g = Float32Array.of(3, 4);
    expect(clipNorm(g, 1)).toBeCloseTo(5, 6);
    expect(Math.hypot(...g)).toBeCloseTo(1, 5);
    const short = Float32Array.of(0.3, 0.4);
    clipNorm(short, 1);
    expect(short).toEqual(Float32Array.of(0.3, 0.4));
  });
});
