import { Layer } from "./layout";
import { broadcast, lanes } from "./vector";

// Neurons side by side with equal synapses, a population, get the same sum of weights in every step: it is computed once (Layer.unit), and each of them
// adds its own bias, which comes last in every current. So the bits are those of summing for each of them.

/** Currents of `steps` steps, out [steps, L.width] = units [steps, unit width], each for a population, + biases. */
export function spreadUnits<T>(L: Layer, steps: i32, units: usize, out: usize): void {
  const size = L.population, biases = L.biases;
  const unitRow = <usize>changetype<Layer>(L.unit).width * sizeof<T>(), row = <usize>L.width * sizeof<T>();
  const populations = L.outputs / size;
  const padding = <usize>L.outputs * sizeof<T>();
  for (let t = 0; t < steps; t++) {
    if (size % lanes<T>() == 0) wholeVectors<T>(populations, size, units, biases, out);
    else if (sizeof<T>() == 4 && size == 2) pairs(L.width, units, biases, out);
    else oneByOne<T>(populations, size, units, biases, out);
    memory.fill(out + padding, 0, row - padding);
    units += unitRow;
    out += row;
  }
}

// @ts-ignore: decorator
@inline
function wholeVectors<T>(populations: i32, size: i32, units: usize, biases: usize, out: usize): void {
  let at: usize = 0;
  const bytes = <usize>size * sizeof<T>();
  for (let p = 0; p < populations; p++) {
    const current = broadcast<T>(units + <usize>p * sizeof<T>());
    for (const end = at + bytes; at < end; at += 16) v128.store(out + at, biases ? v128.add<T>(current, v128.load(biases + at)) : current);
  }
}

/** Two populations of two in a vector. */
// @ts-ignore: decorator
@inline
function pairs(width: i32, units: usize, biases: usize, out: usize): void {
  for (let at: usize = 0, row = <usize>width << 2; at < row; at += 16) {
    const two = v128.load64_zero(units + (at >> 1));
    const current = v128.shuffle<f32>(two, two, 0, 0, 1, 1);
    v128.store(out + at, biases ? f32x4.add(current, v128.load(biases + at)) : current);
  }
}

// @ts-ignore: decorator
@inline
function oneByOne<T>(populations: i32, size: i32, units: usize, biases: usize, out: usize): void {
  let at: usize = 0;
  for (let p = 0; p < populations; p++) {
    const current = load<T>(units + <usize>p * sizeof<T>());
    for (let j = 0; j < size; j++, at += sizeof<T>()) store<T>(out + at, biases ? current + load<T>(biases + at) : current);
  }
}
