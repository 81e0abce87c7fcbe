import { z } from "zod";
import { UsageError } from "../errors.ts";
import { fromTorch } from "./checkpoint.ts";
import type { NamedTensors } from "./form.ts";
import { wrongForm } from "./modules.ts";
import { decodeTorch } from "./torch.ts";
import { unzip } from "./zip.ts";

/** What `data` says of a policy: JSON, with pickles in it that nobody reads here. */
const dataSchema = z.looseObject({
  policy_class: z.looseObject({ __module__: z.string().optional() }).optional(),
  policy_kwargs: z
    .looseObject({ activation_fn: z.unknown().optional(), normalize_images: z.boolean().optional() })
    .optional(),
  observation_space: z
    .looseObject({
      "_shape": z.array(z.number()).nullish(),
      "dtype": z.string().optional(),
      ":type:": z.string().optional(),
    })
    .optional(),
});
type Data = z.infer<typeof dataSchema>;

/**
 * A model that stable-baselines3 saved: policy.pth in a zip archive, and `data`, which says what it saw and which activation it has. Of its CNNs
 * the geometry is that of NatureCNN (Mnih et al. 2015), the only one that it brings.
 */
export function fromStableBaselines3(bytes: Uint8Array, source: string): NamedTensors {
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    throw wrongForm(source, `it is no complete zip archive (${(cause as Error).message})`);
  }
  const name = [
    "policy.pth",
    ...Object.keys(files).filter((file) => /\.(pth|pt)$/.test(file) && !/optim|variables/.test(file)),
  ].find((file) => files[file]);
  if (name === undefined) throw wrongForm(source, "the archive holds no policy.pth");
  const whole = fromTorch(decodeTorch(files[name], `${source}, ${name}`), source);
  const data = dataOf(files.data, source);
  const found = actorOf(whole);
  return { ...found, form: `stable-baselines3, ${name}`, ...(data && said(data, found, source)) };
}

/** What says how good a state is, copies of what both sides share, and the noise of continuous actions. */
const NOT_THE_ACTOR = /^(value_net|mlp_extractor\.value_net|vf_features_extractor|pi_features_extractor)\.|^log_std$/;

/** Of an actor-critic the actor alone. */
function actorOf(whole: NamedTensors): NamedTensors {
  const { tensors, tree, assumed = [] } = whole;
  if (!("action_net.weight" in tensors)) return whole;
  return {
    ...whole,
    tensors: Object.fromEntries(Object.entries(tensors).filter(([name]) => !NOT_THE_ACTOR.test(name))),
    ...(tree && { tree: tree.filter((name) => !NOT_THE_ACTOR.test(`${name}.`)) }),
    assumed: [...assumed, "the actor alone; its critic is left out"],
  };
}

function dataOf(bytes: Uint8Array | undefined, source: string): Data | undefined {
  if (!bytes) return undefined;
  try {
    return dataSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (cause) {
    throw wrongForm(source, `its "data" is no description of a model (${(cause as Error).message.slice(0, 200)})`);
  }
}

function said(data: Data, { tensors, assumed = [] }: NamedTensors, source: string): Partial<NamedTensors> {
  const { policy_kwargs: kwargs, policy_class: policy, observation_space: space } = data;
  const module = policy?.__module__ ?? "";
  // DQN's default is ReLU, that of actor-critics tanh, but over images.
  const images = Object.keys(tensors).some((name) => name.includes("features_extractor.cnn."));
  const given = kwargs?.activation_fn === undefined ? undefined : JSON.stringify(kwargs.activation_fn);
  const actorCritic = "action_net.weight" in tensors || /common\.policies/.test(module);
  const relu = given === undefined ? !actorCritic || images : /ReLU\b/.test(given) && !/Leaky|PReLU|RReLU/.test(given);
  const activation = relu
    ? "relu"
    : given === undefined
      ? "it is an actor-critic of stable-baselines3, whose default is tanh"
      : `its policy_kwargs say activation_fn ${/[\w.]+(?='>)/.exec(given)?.[0] ?? given.slice(0, 60)}`;
  const shape = space?._shape ?? undefined;
  if (!images) {
    if (shape && shape.length > 1)
      throw new UsageError(
        "LAYER_UNSUPPORTED",
        `${source}: it flattens observations of ${shape.join(" x ")} values itself.`,
        {
          hint: "Flatten them in the environment (gymnasium.wrappers.FlattenObservation), and take policy.pth out of the archive.",
          facts: { source, shape },
        },
      );
    return { activation };
  }
  if (shape?.length !== 3) return { activation };
  // Policies see channels first; the space is saved as the policy sees it.
  const [channels, height, width] = shape[0] <= shape[2] ? shape : [shape[2], shape[0], shape[1]];
  const bytes = space?.dtype === "uint8" && kwargs?.normalize_images !== false;
  return {
    activation,
    architecture: {
      input: [height, width, channels],
      strides: [4, 2, 1],
      inputScale: bytes ? 1 / 255 : 1,
      flatten: "chw",
    },
    assumed: [
      ...assumed,
      "strides of 4, 2, 1 (NatureCNN)",
      `images of ${height} x ${width} x ${channels}, ${bytes ? "divided by 255" : "as they are"}`,
    ],
  };
}
