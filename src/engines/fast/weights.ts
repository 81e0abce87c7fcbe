import { columnsOf } from "../../network/layer.ts";
import type { Shared } from "../../network/populations.ts";
import { PANEL, padded } from "./kernels/layer-plan.ts";
import type { LayerFields } from "./kernels/layout.ts";
import type { FloatArray } from "./compiled.ts";

/**
 * Writes a layer's weights as the kernels want them: rows (of a matrix, or of a kernel's place and input channel) padded to whole vectors, or
 * cut into panels [panels, rows, PANEL bytes] in wide layers. `copies` 2 is for signed inputs: negative parts go through negated weights.
 */
export function placeWeights(
  { weights, synapses }: Shared,
  { packed }: LayerFields,
  copies: number,
  to: FloatArray,
): void {
  const columns = columnsOf({ synapses });
  const width = padded(columns);
  const rows = weights.length / columns;
  if (!packed && copies === 1 && columns === width) return to.set(weights);
  const panel = packed ? PANEL / to.BYTES_PER_ELEMENT : width;
  for (let copy = 0; copy < copies; copy++) {
    const sign = copy === 0 ? 1 : -1;
    for (let row = 0, from = 0; row < rows; row++)
      for (let first = 0; first < columns; first += panel) {
        let at = ((first / panel) * copies * rows + copy * rows + row) * panel;
        for (const end = from + Math.min(panel, columns - first); from < end;) to[at++] = sign * weights[from++];
      }
  }
}
