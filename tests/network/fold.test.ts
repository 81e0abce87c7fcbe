import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  convolution,
  type Convolution,
  forEachSynapse,
  type ImageShape,
  sizeOf,
} from "../../src/network/convolution.ts";
import { type Affine, assemble, type Piece } from "../../src/network/fold.ts";
import { biasPerOutput, outputsOf, type Pooling } from "../../src/network/layer.ts";
import { type Network, observationSize } from "../../src/network/network.ts";
import { validateNetwork } from "../../src/network/validate.ts";
import { Random } from "../../src/numeric/random.ts";
import { everyKind, type Sketch, sketchedPieces } from "../fixtures/convolutional/networks.ts";

/** What pieces mean, one by one, in float64. */
function computed(pieces: readonly Piece[], x: Float64Array): Float64Array {
  return pieces.reduce((values, piece) => {
    if (piece.kind === "relu") return values.map((v) => Math.max(0, v));
    if (piece.kind === "affine")
      return values.map((v, k) => v * piece.scale[k % piece.scale.length] + piece.shift[k % piece.scale.length]);
    if (piece.kind !== "synapses") return pooled(piece, values);
    const { synapses, weights } = piece;
    const sums = Float64Array.from(biasPerOutput(piece) ?? new Float64Array(outputsOf(piece)));
    if (synapses.kind === "convolution")
      forEachSynapse(synapses, (source, target, k) => (sums[target] += values[source] * weights[k]));
    else values.forEach((v, i) => sums.forEach((_, j) => (sums[j] += v * weights[i * sums.length + j])));
    return sums;
  }, x);
}

function pooled({ kind, window }: Pooling, values: Float64Array): Float64Array {
  const members: number[][] = Array.from({ length: sizeOf(window.output) }, () => []);
  forEachSynapse(window, (source, target) => {
    if (source % window.input[2] === target % window.input[2]) members[target].push(values[source]);
  });
  return Float64Array.from(members, (all) =>
    kind === "max" ? Math.max(...all) : all.reduce((sum, v) => sum + v, 0) / all.length,
  );
}

/** What a network means. */
function values({ layers, inputScale }: Network, x: Float64Array): Float64Array {
  const pieces = layers.flatMap(({ pooling, activation, ...layer }): Piece[] => [
    ...(pooling ? [pooling] : []),
    { kind: "synapses", ...layer },
    ...(activation.kind === "relu" ? [{ kind: "relu" } as const] : []),
  ]);
  return computed(
    pieces,
    x.map((v) => v * inputScale),
  );
}

function expectSame(input: ImageShape, pieces: readonly Piece[], seed: number): Network {
  const network = assemble(input, 0.5, pieces);
  validateNetwork(network);
  const random = new Random(seed);
  const x = Float64Array.from({ length: observationSize(network) }, () => random.normal());
  const expected = computed(
    pieces,
    x.map((v) => v * 0.5),
  );
  const found = values(network, x);
  const scale = Math.max(1, ...expected.map(Math.abs));
  expect(found).toHaveLength(expected.length);
  found.forEach((value, k) => expect(Math.abs(value - expected[k]) / scale).toBeLessThan(2e-5));
  return network;
}

const kinds = (network: Network): string[] =>
  network.layers.map(({ pooling, synapses, activation }) =>
    [...(pooling ? [pooling.kind] : []), synapses.kind, activation.kind].join(" "),
  );

describe("pieces of a file as layers", () => {
  it("are one layer for each synapses, and compute the same", () => {
    const network = expectSame([12, 11, 2], sketchedPieces([12, 11, 2], everyKind, 3), 4);
    // The normalisation behind the first dense layer's ReLU goes into the last layer.
    expect(kinds(network)).toEqual(["convolution relu", "max convolution relu", "average dense relu", "dense linear"]);
  });

  it("compute the same in any order", () => {
    const size = fc.integer({ min: 1, max: 3 });
    const window = {
      kernel: fc.tuple(size, size),
      strides: fc.tuple(size, size),
      padding: fc.constantFrom("valid", "same"),
    };
    const activation = fc.constantFrom("relu", "linear");
    const sketch = fc.oneof(
      fc.record({ kind: fc.constant("convolution"), filters: size, activation, ...window }),
      fc.record({ kind: fc.constantFrom("average-pooling", "max-pooling"), ...window }),
      fc.record({ kind: fc.constant("batch-norm"), activation }),
    ) as fc.Arbitrary<Sketch>;
    const end: Sketch[] = [
      { kind: "dense", outputs: 4, activation: "relu" },
      { kind: "batch-norm" },
      { kind: "dense", outputs: 3 },
      { kind: "batch-norm" },
    ];
    fc.assert(
      fc.property(fc.array(sketch, { maxLength: 6 }), fc.integer({ min: 0, max: 1e6 }), (sketches, seed) => {
        const pieces = sketchedPieces([9, 8, 2], [...sketches, ...end], seed);
        fc.pre(pieces.every((piece) => !geometry(piece)?.output.some((n) => n < 1)));
        expectSame([9, 8, 2], pieces, seed);
      }),
      { numRuns: 200 },
    );
  });

  const image: ImageShape = [4, 4, 2];
  const dense = (inputs: number, outputs: number): Piece => ({
    kind: "synapses",
    synapses: { kind: "dense", inputs, outputs },
    weights: new Float32Array(inputs * outputs).map((_, k) => Math.sin(k)),
    biases: new Float32Array(outputs),
  });
  const conv = (padding: "valid" | "same"): Piece => ({
    kind: "synapses",
    synapses: { kind: "convolution", ...convolution(image, { filters: 2, kernel: [3, 3], padding }) },
    weights: new Float32Array(36).map((_, k) => Math.cos(k)),
    biases: Float32Array.of(1, 2),
  });
  const affine = (...scale: number[]): Affine => ({
    kind: "affine",
    scale: Float64Array.from(scale),
    shift: Float64Array.from(scale, (s) => s + 1),
  });
  const pooling = (kind: "max" | "average", padding: "valid" | "same" = "valid", from = image): Pooling => ({
    kind,
    window: convolution(from, { filters: 2, kernel: [2, 2], strides: [2, 2], padding }),
  });
  const relu = { kind: "relu" } as const;

  it("have one bias per place where the window of what follows reaches over the edge, else one per channel", () => {
    const biases = (padding: "valid" | "same"): number | undefined =>
      expectSame(image, [affine(2, 3), conv(padding), relu, dense(padding === "same" ? 32 : 8, 2)], 1).layers[0].biases
        ?.length;
    expect([biases("valid"), biases("same")]).toEqual([2, 32]);
  });

  it("merge poolings of one kind", () => {
    const small: ImageShape = [2, 2, 2];
    const merged = expectSame(image, [pooling("average"), pooling("average", "valid", small), dense(2, 2)], 1);
    expect(merged.layers[0].pooling).toMatchObject({ window: { kernel: [4, 4], strides: [4, 4], output: [1, 1, 2] } });
    expect(kinds(merged)).toEqual(["average dense linear"]);
  });

  it.each<[string, Piece[], string[]]>([
    [
      "two poolings of different kinds",
      [conv("same"), relu, pooling("max"), pooling("average", "valid", [2, 2, 2]), dense(2, 2)],
      ["convolution relu", "max convolution relu", "average dense linear"],
    ],
    [
      "a normalisation that turns channels over before a maximum",
      [conv("same"), relu, affine(1, -1), pooling("max"), dense(8, 2)],
      ["convolution relu", "convolution linear", "max dense linear"],
    ],
    [
      "a ReLU of averages",
      [conv("same"), pooling("average"), relu, dense(8, 2)],
      ["convolution linear", "average convolution relu", "dense linear"],
    ],
    [
      "a normalisation of an image as a list, before a ReLU",
      [conv("same"), affine(...new Array<number>(32).fill(2)), relu, dense(32, 2)],
      ["convolution linear", "dense relu", "dense linear"],
    ],
  ])("give %s a layer of its own", (_, pieces, expected) => {
    expect(kinds(expectSame(image, pieces, 2))).toEqual(expected);
  });

  it("need no layer where a ReLU changes nothing, or changes places with a maximum", () => {
    expect(kinds(expectSame(image, [conv("same"), relu, pooling("average"), relu, dense(8, 2)], 1))).toHaveLength(2);
    expect(kinds(expectSame(image, [conv("same"), pooling("max"), affine(1, 2), relu, dense(8, 2)], 1))).toHaveLength(
      2,
    );
  });

  it("refuse pooling at the end, and normalisations of other channels", () => {
    const refused = (pieces: Piece[], message: string): void =>
      expect(() => assemble(image, 1, pieces)).toThrow(
        expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining(message) }),
      );
    refused([conv("same"), pooling("max")], "max pooling is the last there is");
    refused([conv("same"), affine(1, 2, 3)], "A normalisation of 3 channels follows 4 x 4 x 2 values");
  });

  it("refuse what nobody could hold, soon", () => {
    const much = expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining("than fit") });
    expect(() => assemble([2 ** 17], 1, [relu])).toThrow(much);
    const wide = convolution([2 ** 15, 2 ** 15, 1], { filters: 2, kernel: [2, 2], padding: "same" });
    const synapses: Piece = {
      kind: "synapses",
      synapses: { kind: "convolution", ...wide },
      weights: new Float32Array(8),
      biases: null,
    };
    const unshifted: Piece = { ...affine(1), shift: Float64Array.of(0) };
    expect(() => assemble(wide.input, 1, [unshifted, synapses])).not.toThrow();
    expect(() => assemble(wide.input, 1, [affine(1), synapses])).toThrow(much);
  });
});

function geometry(piece: Piece): Convolution | undefined {
  if (piece.kind === "synapses") return piece.synapses.kind === "convolution" ? piece.synapses : undefined;
  return "window" in piece ? piece.window : undefined;
}
