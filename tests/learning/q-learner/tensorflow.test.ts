// tier: python
import { beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

const supported = process.platform === "linux" && process.arch === "x64";
/** tfjs-node is set up on 64-bit x86 Linux only (TFJS_UNSUPPORTED). */
const here = supported ? describe : describe.skip;

interface Report {
  networks: Record<string, { values: number; gradient: { largest: number; size: number }[] }>;
  targets: { errors: number; loss: number; kept: number; moved: number; synced: number }[];
  optimizers: number[];
  clip: Record<"value" | "norm" | "unclipped", number>;
  leaks: { before: number[]; after: number[] };
  resumed: number;
  soft: { moved: number; off: number; leaked: number };
  dueling: { values: number; target: number };
  left: number;
  saved: object;
  untrainable: { code: string; message: string };
}

here("the Q-learner inside TensorFlow (skipped but on 64-bit x86 Linux: tfjs-node)", () => {
  let report: Report;
  beforeAll(async () => {
    const { stdout } = await execa("node", [
      "--import",
      "./scripts/register-ts.mjs",
      "tests/learning/q-learner/tensorflow-program.ts",
    ]);
    report = JSON.parse(stdout) as Report;
  }, 180_000);

  it("values observations as the reference in float64 does, whatever the padding and the layers", () => {
    expect(Object.keys(report.networks)).toHaveLength(5);
    for (const { values } of Object.values(report.networks)) expect(values).toBeLessThan(1e-6);
  });

  it("goes down the gradient that differences of the reference's loss measure", () => {
    for (const { gradient } of Object.values(report.networks))
      for (const { largest, size } of gradient) {
        expect(size).toBeGreaterThan(0.01);
        expect(largest / size).toBeLessThan(2e-3);
      }
  });

  it("learns towards n-step targets with and without double Q and widened gaps", () => {
    expect(report.targets).toHaveLength(4);
    for (const { errors, loss } of report.targets) expect(Math.max(errors, loss)).toBeLessThan(1e-6);
  });

  it("leaves the target network alone until it is synchronised", () => {
    for (const { kept, moved, synced } of report.targets) {
      expect(kept).toBe(0);
      expect(moved).toBeGreaterThan(5e-4);
      expect(synced).toBe(0);
    }
  });

  it("lets its target network follow softly, and folds dueling outputs in what is saved", () => {
    expect(report.soft.moved).toBeGreaterThan(5e-3);
    expect(report.soft.off).toBeLessThan(1e-7);
    expect(report.soft.leaked).toBe(0);
    expect(report.dueling.values).toBeLessThan(1e-5);
    expect(report.dueling.target).toBeLessThan(1e-5);
  });

  it("steps as this project's own Adam and RMSprop, which are PyTorch's", () => {
    for (const difference of report.optimizers) expect(difference).toBeLessThan(1e-6);
  });

  it("clips gradients by value and by norm", () => {
    for (const difference of Object.values(report.clip)) expect(difference).toBeLessThan(1e-6);
  });

  it("goes on after save and restore to the same bits, and leaves no tensor behind", () => {
    expect(report.resumed).toBe(0);
    expect(report.leaks.after).toEqual(report.leaks.before);
    expect(report.left).toBe(0);
  });

  it("writes graphs that Google's protobuf reads", () => {
    const lengths = (...sizes: number[]): object => ({ dimList: sizes.map((size) => ({ size, name: "" })) });
    const base64 = (bytes: string | number[]): string => Buffer.from(bytes as string).toString("base64");
    expect(report.saved).toMatchObject({
      savedModelSchemaVersion: 1,
      metaGraphsList: [
        {
          metaInfoDef: { tagsList: ["serve"] },
          graphDef: {
            nodeList: [
              { name: "n0", op: "NoOp", inputList: [], attrMap: [] },
              {
                name: "n1",
                op: "Conv2D",
                inputList: ["n0", "n0"],
                attrMap: [
                  ["bool", { b: true }],
                  ["list", { list: { iList: [1, 300, 0] } }],
                  ["number", { i: -3 }],
                  ["shape", { shape: lengths(-1, 84) }],
                  [
                    "tensor",
                    {
                      tensor: {
                        dtype: 3, // DT_INT32
                        tensorShape: lengths(2),
                        tensorContent: base64([7, 0, 0, 0, 0xf8, 0xff, 0xff, 0xff]),
                      },
                    },
                  ],
                  ["text", { s: base64("VALID") }],
                  ["type", { type: 4 }], // DT_UINT8
                ],
              },
            ],
          },
        },
      ],
    });
  });

  it("names the layer that cannot be learned", () => {
    expect(report.untrainable.code).toBe("LAYER_UNTRAINABLE");
    expect(report.untrainable.message).toContain("Layer 0 (convolution)");
  });
});
