import type { Eager, Handle } from "./eager.ts";

const float = { dtype: { type: "float" } } as const;
let made = 0;

/** Arrays that live in TensorFlow and change in place. */
export interface Variables {
  /** What TensorFlow's `Resource...` operations take. */
  readonly resources: readonly Handle[];
  /** The values as they are now; to be freed. While one is alive, an update leaves it alone and works on a copy. */
  read(): readonly Handle[];
  assign(values: readonly (Float32Array | Handle)[]): void;
  download(): Float32Array[];
  close(): void;
}

/** One variable per shape, zero until assigned. */
export function createVariables(eager: Eager, shapes: readonly (readonly number[])[]): Variables {
  const resources = shapes.map((shape) =>
    eager.run("VarHandleOp", [], { container: "", shared_name: `dsqn.${made++}`, ...float, shape }),
  );
  const sizes = shapes.map((shape) => shape.reduce((n, length) => n * length, 1));
  const assign: Variables["assign"] = (values) =>
    eager.scope(() => {
      for (const [i, value] of values.entries()) {
        // A copy: TensorFlow keeps the memory of what it is given.
        const handle = typeof value === "number" ? value : eager.upload(value.slice(), shapes[i]);
        eager.effect("AssignVariableOp", [resources[i], handle], float);
      }
    });
  const read = (): Handle[] => resources.map((resource) => eager.run("ReadVariableOp", [resource], float));
  assign(sizes.map((size) => new Float32Array(size)));
  return {
    resources,
    read,
    assign,
    download: () => eager.scope(() => read().map((handle) => Float32Array.from(eager.download(handle)))),
    close() {
      for (const resource of resources) eager.effect("DestroyResourceOp", [resource]);
      eager.free(resources);
    },
  };
}
