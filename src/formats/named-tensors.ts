import { UsageError } from "../errors.ts";
import { foldDueling } from "../network/dueling.ts";
import type { Network } from "../network/network.ts";
import {
  around,
  givenActivations,
  type Rectified,
  rectifiedOf,
  refuseOtherActivations,
  unsupportedActivation,
} from "./activations.ts";
import { assembled } from "./assembled.ts";
import { checkedArchitecture, plain } from "./assumptions.ts";
import { type Dueling, duelingOf, stacked } from "./dueling.ts";
import type { ImportOptions, Interpreted, NamedTensors } from "./form.ts";
import { type Found, listed, type Module, modulesOf, sizesOf, wrongForm } from "./modules.ts";
import { noChain, refuseCritic, refuseSideBySide, withLayers, withoutTargets, withPrefix } from "./selection.ts";
import { inOrder, type Ordered } from "./order.ts";
import { inputsComeFirst, kindOf, spikingFrom } from "./spiking-tensors.ts";

/** The network that named tensors are the weights of, whatever its kind; not yet validated. */
export function networkFrom(found: NamedTensors, options: ImportOptions, source: string): Interpreted {
  const assumed: string[] = [...(found.assumed ?? [])];
  const { modules, noisy } = chosen(found, options, source, assumed);
  if (noisy.length > 0) assumed.push(`noisy layers are taken without their noise: ${listed(noisy)}`);
  if (options.activation === undefined) {
    if (found.activation !== undefined && found.activation !== "relu")
      throw unsupportedActivation(source, found.activation);
    refuseOtherActivations([...(found.tree ?? []), ...modules.map(({ name }) => name)], source);
  }
  const images = options.architecture !== undefined || modules.some(({ kind }) => kind === "convolution");
  const given = options.kind ?? (images ? "convolutional" : found.kind);
  const inputsFirst = given === "spiking" && found.kind !== "dense" && inputsComeFirst(modules, found.ordered, source);
  const kind = given ?? kindOf(modules, found.ordered, source);
  if (kind === "spiking" && given === undefined)
    assumed.push("weights are [inputs, outputs], as spiking networks' are here (--kind dense)");
  if (kind === "spiking") {
    if (options.standardisation) throw wrongForm(source, "a spiking network takes no statistics of observations");
    const order = chain(modules, found, options, source, inputsFirst || given === undefined);
    sayOrder(order, modules, assumed);
    return {
      network: spikingFrom(order.modules, options, source, inputsFirst || given === undefined, assumed),
      assumed,
    };
  }
  if (found.kind === "spiking") throw wrongForm(source, "its tensors have no names");
  return { network: layered(modules, kind, found, options, source, assumed), assumed };
}

/** The modules that make up the network, of all that a file holds. */
function chosen(
  found: NamedTensors,
  { prefix, layers }: ImportOptions,
  source: string,
  assumed: string[],
): Pick<Found, "modules" | "noisy"> {
  let tensors = prefix === undefined ? found.tensors : withPrefix(found.tensors, prefix, source);
  if (layers) {
    const { tensors: named, left } = withLayers(tensors, layers, source);
    if (left.length > 0) assumed.push(`not used: ${listed(left)}`);
    tensors = named;
  }
  const { modules: all, others, noisy } = modulesOf(tensors, source);
  const { modules, targets } = prefix === undefined && !layers ? withoutTargets(all) : { modules: all, targets: [] };
  if (targets.length > 0)
    assumed.push(
      `the target network is left out: ${listed(
        targets.map(({ name }) => name),
        3,
      )}`,
    );
  if (others.length > 0)
    throw wrongForm(
      source,
      `tensor ${listed(others)} belongs to no layer that could be taken`,
      "If the network does without, name its layers in the order of the forward pass: --layers a,b,c.",
    );
  if (modules.length === 0)
    throw wrongForm(
      source,
      `among its tensors (${listed(Object.keys(found.tensors)) || "none"}) are no W0, W1... and no layers.0.weight...`,
    );
  return { modules, noisy: noisy.filter((name) => modules.some((module) => module.name === name)) };
}

/** The order that the user names, or the one that shapes and names leave. */
function chain(
  modules: readonly Module[],
  { ordered }: NamedTensors,
  { layers, prefix }: ImportOptions,
  source: string,
  inputsFirst = false,
): Ordered {
  if (layers) return { modules, by: "shapes" };
  if (prefix === undefined) refuseSideBySide(modules, source);
  const order = inOrder(modules, ordered, source, inputsFirst);
  if (!order) throw noChain(modules, source);
  if (!inputsFirst) refuseCritic(order.modules, source);
  return order;
}

function sayOrder({ by, modules }: Ordered, own: readonly Module[], assumed: string[]): void {
  const names = listed(
    modules.map(({ name }) => name),
    12,
  );
  if (by === "shapes" && modules.some((module, k) => module !== own[k]))
    assumed.push(`layers in the order that their shapes leave: ${names}`);
  if (by === "file") assumed.push(`layers in the order of the file: ${names}`);
  if (by === "numbers") assumed.push(`layers in the order of the numbers in their names: ${names}`);
}

/** A network without spikes: its order, its activations, its pieces. */
function layered(
  modules: readonly Module[],
  kind: "dense" | "convolutional",
  found: NamedTensors,
  options: ImportOptions,
  source: string,
  assumed: string[],
): Network {
  const dueling = options.layers ? undefined : duelingOf(modules, found.ordered, source);
  const order = dueling ? undefined : chain(modules, found, options, source);
  const spine = dueling ? [...dueling.trunk, ...dueling.advantage] : order!.modules;
  if (order) sayOrder(order, modules, assumed);
  else
    assumed.push(
      `dueling streams, Q = V + A - mean A: ${listed(dueling!.value.map(({ name }) => name))} and ${listed(dueling!.advantage.map(({ name }) => name))}`,
    );
  const rectified = activations(spine, dueling, found, options, source, assumed);
  const { flatten } = found;
  const known = options.architecture ? { ...(flatten && { flatten }), ...options.architecture } : found.architecture;
  const architecture =
    kind === "dense"
      ? { ...plain, input: [sizesOf(spine[0]).inputs] as const }
      : checkedArchitecture(known, source, options.architecture !== undefined, spine, assumed);
  const whole = dueling ? [...dueling.trunk, ...stacked(dueling, source)] : spine;
  const network = assembled(whole, architecture, rectified, options.standardisation, source, assumed);
  return dueling ? foldDueling(network) : network;
}

/** What stands behind each of the spine's modules but the last. */
function activations(
  spine: readonly Module[],
  dueling: Dueling | undefined,
  found: NamedTensors,
  options: ImportOptions,
  source: string,
  assumed: string[],
): readonly Rectified[] {
  if (options.activation !== undefined) return givenActivations(options.activation, spine, source);
  // What an architecture says of its layers' activations comes before what names say.
  if (options.architecture?.layers)
    return spine.slice(0, -1).map((_, k) => ({ relu: spine[k + 1].kind !== "batch-norm", by: "default" }));
  const rectified = rectifiedOf(spine, found.tree, source);
  if (dueling) {
    const other = rectifiedOf([...dueling.trunk, ...dueling.value], found.tree, source);
    if (other.some(({ relu }, k) => relu !== rectified[k].relu))
      throw new UsageError(
        "ACTIVATIONS_UNKNOWN",
        `${source}: its value and advantage streams have activations at different places.`,
        {
          hint: "Say what stands behind each layer of a stream but the last: --activation relu,relu (or linear).",
          facts: { source },
        },
      );
  }
  const behind = (relu: boolean): string[] =>
    spine.slice(0, -1).flatMap(({ name }, k) => (rectified[k].relu === relu ? [name] : []));
  if (found.activation === undefined && behind(true).length > 0)
    assumed.push(`ReLU behind ${listed(behind(true), 12)}`);
  const linear = behind(false).filter(
    (name) => rectified[spine.findIndex((module) => module.name === name)].by === "names",
  );
  if (linear.length > 0) assumed.push(`no activation behind ${listed(linear)}`);
  const outside = around(spine, found.tree);
  if (outside.before.length > 0)
    assumed.push(`what stands before the first layer (${listed(outside.before)}) changes nothing`);
  if (outside.behind.length > 0)
    assumed.push(`what stands behind the last layer (${listed(outside.behind)}) is left out`);
  return rectified;
}
