import * as z from "zod/mini";
import type { SafetensorsFile } from "../../files/safetensors.ts";
import { transposed } from "../../files/tensor.ts";
import { spikingNetwork } from "../create.ts";
import { assemble, batchNorm, type Piece } from "../fold.ts";
import { type Layer, linear, relu, type Synapses, synapticInputs } from "../layer.ts";
import type { Network } from "../network.ts";
import { type LaggedLif, neuron } from "../neurons/index.ts";
import { takeWeights } from "./codec.ts";
import { codingSchema, convolutionSchema, imageSchema, parseMetadata, populationsSchema } from "./schema.ts";
import { invalid, type Taker, taker } from "./tensor-reader.ts";

/** A network in a file of version 1, which had three kinds. */
export function decodeVersion1({ tensors, metadata }: SafetensorsFile, source: string): Network {
  const take = taker(tensors, source);
  const decode = Object.hasOwn(decoders, metadata.kind ?? "") ? decoders[metadata.kind] : undefined;
  if (!decode)
    return invalid(
      source,
      `its metadata names the kind ${JSON.stringify(metadata.kind)} instead of "dense", "spiking" or "convolutional"`,
      { hint: "Tensors from elsewhere become a model by `dsqn import FILE --out MODEL`." },
    );
  const network = decode(metadata, take, source);
  take.finish();
  return network;
}

type Decode = (metadata: SafetensorsFile["metadata"], take: Taker, source: string) => Network;
const decoders: Readonly<Record<string, Decode>> = {
  dense: (_, take) => decodeDense(take),
  spiking: ({ dynamics }, take, source) => decodeSpiking(dynamics, take, source),
  convolutional: ({ architecture }, take, source) => decodeConvolutional(architecture, take, source),
};

/** ReLUs between all layers; weights [outputs, inputs]. */
function decodeDense(take: Taker): Network {
  const layers: Layer[] = [];
  for (let l = 0; l === 0 || take.shapeOf(`layers.${l}.weight`); l++) {
    const [outputs, inputs] = take.shapeOf(`layers.${l}.weight`) ?? [];
    const weights = transposed(take(`layers.${l}.weight`, 2), outputs, inputs);
    const biases = take(`layers.${l}.bias`, 1);
    const last = !take.shapeOf(`layers.${l + 1}.weight`);
    layers.push({ synapses: { kind: "dense", inputs, outputs }, weights, biases, activation: last ? linear : relu });
  }
  return { input: [synapticInputs(layers[0])], inputScale: 1, layers };
}

/** The metadata `dynamics`: lagged-lif neurons, max pooling, weights [inputs, outputs]. */
const dynamicsSchema = z.extend(codingSchema, {
  layers: z
    .array(
      z.strictObject({
        alpha: z.number(),
        beta: z.number(),
        threshold: z.number(),
        reset: z.enum(["subtraction", "zero"]),
        resetBy: z.number(),
        convolution: z.optional(convolutionSchema),
        pooling: z.optional(convolutionSchema),
        populations: z.optional(populationsSchema),
      }),
    )
    .check(z.minLength(1)),
});

function decodeSpiking(json: string | undefined, take: Taker, source: string): Network {
  const { layers: described, ...coding } = parseMetadata(
    json,
    dynamicsSchema,
    "the spiking network's dynamics",
    source,
  );
  const layers = described.map(({ convolution, pooling: window, populations, ...parameters }, l) => {
    const [rows = 0, columns = 0] = take.shapeOf(`layers.${l}.weight`) ?? [];
    const [before, own] = populations ?? [1, 1];
    const synapses: Synapses = convolution
      ? { kind: "convolution", ...convolution }
      : { kind: "dense", inputs: rows * before, outputs: columns * own };
    const weights = takeWeights(take, l, synapses, populations);
    const biases = take.optional(`layers.${l}.bias`);
    const activation: LaggedLif = neuron("lagged-lif", {
      ...parameters,
      initial: take.optional(`layers.${l}.initial_potential`),
    });
    return { ...(window && { pooling: { kind: "max", window } as const }), synapses, weights, biases, activation };
  });
  const { input } = spikingNetwork(layers, coding);
  return { input, inputScale: 1, layers, coding };
}

const rectified = z.enum(["relu", "linear"]);

/** The metadata `architecture`: every layer in order, pooling and batch normalisation among them. */
const architectureSchema = z.strictObject({
  input: imageSchema,
  inputScale: z.number(),
  layers: z
    .array(
      z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("convolution"), convolution: convolutionSchema, activation: rectified }),
        z.strictObject({ kind: z.enum(["average-pooling", "max-pooling"]), window: convolutionSchema }),
        z.strictObject({
          kind: z.literal("batch-norm"),
          shape: imageSchema,
          epsilon: z.number(),
          activation: rectified,
        }),
        z.strictObject({ kind: z.literal("dense"), activation: rectified }),
      ]),
    )
    .check(z.minLength(1)),
});
type Described = z.infer<typeof architectureSchema>["layers"][number];

function decodeConvolutional(json: string | undefined, take: Taker, source: string): Network {
  const what = "the convolutional network's architecture";
  const { input, inputScale, layers } = parseMetadata(json, architectureSchema, what, source);
  const pieces = layers.flatMap((layer, l): Piece[] => {
    const piece = pieceOf(layer, l, take);
    return "activation" in layer && layer.activation === "relu" ? [piece, { kind: "relu" }] : [piece];
  });
  return assemble(input, inputScale, pieces);
}

function pieceOf(layer: Described, l: number, take: Taker): Piece {
  if ("window" in layer) return { kind: layer.kind === "max-pooling" ? "max" : "average", window: layer.window };
  if (layer.kind === "batch-norm") {
    const own = (part: string): Float32Array => take(`layers.${l}.${part}`, [layer.shape[2]]);
    const [gamma, beta, mean, variance] = ["gamma", "beta", "mean", "variance"].map(own);
    return batchNorm({ gamma, beta, mean, variance }, layer.epsilon);
  }
  const [inputs = 0, outputs = 0] = take.shapeOf(`layers.${l}.weight`) ?? [];
  const synapses: Synapses =
    layer.kind === "convolution" ? { kind: "convolution", ...layer.convolution } : { kind: "dense", inputs, outputs };
  const weights = takeWeights(take, l, synapses);
  return { kind: "synapses", synapses, weights, biases: take(`layers.${l}.bias`, 1) };
}
