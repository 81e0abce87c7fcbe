// Vectors of four float32 or two float64, by element type.

// @ts-ignore: decorator
@inline
export function lanes<T>(): i32 {
  return 16 / <i32>sizeof<T>();
}

/** The signs of the mask's lanes as an integer. */
// @ts-ignore: decorator
@inline
export function bitmask<T>(mask: v128): u32 {
  return sizeof<T>() == 4 ? <u32>i32x4.bitmask(mask) : <u32>i64x2.bitmask(mask);
}

/** All lanes the element at `p`. */
// @ts-ignore: decorator
@inline
export function broadcast<T>(p: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(p) : v128.load64_splat(p);
}
