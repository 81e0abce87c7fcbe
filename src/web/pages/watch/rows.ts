/** Of each hidden layer the order in which its neurons are shown: the busiest first, as in a report's raster. */
export interface Rows {
  readonly layers: readonly { readonly neurons: number; readonly rowOf: Int32Array }[];
  /** Of all layers. */
  readonly neurons: number;
}

/** `counts`: how often each neuron spiked over a few decisions, layer by layer. */
export function rowsOf(counts: readonly Float64Array[]): Rows {
  const layers = counts.map((layer) => {
    const order = Array.from(layer.keys()).sort((a, b) => layer[b] - layer[a] || a - b);
    const rowOf = new Int32Array(layer.length);
    order.forEach((neuron, row) => (rowOf[neuron] = row));
    return { neurons: layer.length, rowOf };
  });
  return { layers, neurons: layers.reduce((sum, { neurons }) => sum + neurons, 0) };
}
