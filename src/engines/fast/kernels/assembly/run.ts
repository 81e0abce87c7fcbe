import { forwardState } from "./forward";
import { Plan } from "./layout";

/** One state in slot 0, with float32 or float64 potentials. */
export function runSingle(plan: usize, b: i32): void {
  const P = changetype<Plan>(plan);
  forwardState<f32>(P, b, 0, P.scratch);
}

export function runDouble(plan: usize, b: i32): void {
  const P = changetype<Plan>(plan);
  forwardState<f64>(P, b, 0, P.scratch);
}
