import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tfjs } from "./tfjs.ts";
import type { Eager, Handle } from "./eager.ts";
import { type DataType, type Node, type NodeAttribute, savedModel, TAG, typeOf } from "./saved-model.ts";

/**
 * Operations that are recorded, to be run together. TensorFlow then joins what belongs together (a convolution, its
 * bias and its ReLU) and runs at the same time what does not depend on each other (two networks' forward passes; the
 * gradients of a layer's weights and of its input): for a gradient step some three quarters of the time of one
 * operation after the other. A handle names a place in this graph, not a tensor; what is uploaded is a constant of it.
 */
export interface Graph extends Pick<Eager, "run" | "upload"> {
  /** What a run is given. -1 in its shape: any length. */
  placeholder(type: DataType, shape: readonly number[]): Handle;
}

/** A graph that TensorFlow has loaded. */
export interface Session {
  /**
   * A run that takes tensors for `given` (placeholders, or any other place: what lies before it is then not run) and
   * gives those of `wanted`.
   */
  step(given: readonly Handle[], wanted: readonly Handle[]): (tensors: readonly Handle[]) => readonly Handle[];
  close(): void;
}

/** An empty graph, and what loads it when it is complete. */
export function recordGraph(tf: Tfjs, eager: Eager): { graph: Graph; open: () => Session } {
  const nodes: Node[] = [];
  const nameOf = (handle: Handle): string => `n${handle}`;
  const add = (
    operation: string,
    inputs: readonly Handle[],
    attributes: Readonly<Record<string, NodeAttribute>>,
  ): Handle => {
    nodes.push({ name: nameOf(nodes.length), operation, inputs: inputs.map(nameOf), attributes });
    return nodes.length - 1;
  };
  const graph: Graph = {
    run: (operation, inputs, attributes = {}) => add(operation, inputs, attributes),
    upload: (data, shape) => add("Const", [], { dtype: { type: typeOf(data) }, value: { data, shape } }),
    placeholder: (type, shape) => add("Placeholder", [], { dtype: { type }, shape: { shape } }),
  };
  return { graph, open: () => openSession(tf, eager, nodes, nameOf) };
}

function openSession(tf: Tfjs, eager: Eager, nodes: readonly Node[], nameOf: (handle: Handle) => string): Session {
  const { binding } = tf.backend();
  const folder = mkdtempSync(join(tmpdir(), "dsqn-graph-"));
  let id: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), savedModel(nodes));
    id = binding.loadSavedModel(folder, TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const outputs = (handles: readonly Handle[]): string => handles.map((handle) => `${nameOf(handle)}:0`).join(",");
  return {
    step(given, wanted) {
      const [inputNames, outputNames] = [outputs(given), outputs(wanted)];
      return (tensors) => binding.runSavedModel(id, tensors, inputNames, outputNames).map(({ id }) => eager.adopt(id));
    },
    close: () => binding.deleteSavedModel(id),
  };
}
