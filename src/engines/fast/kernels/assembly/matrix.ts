// Dense products. Sums run over `inner` in ascending order with one rounding per product and per addition.

/** Four rows of C (or one: K = u8) times 8 columns (or 4: N = u8); `more`: goes on from the sums that are there. */
// @ts-ignore: decorator
@inline
function tile<K, N>(a: usize, aRow: usize, aStep: usize, inner: i32, b: usize, bRow: usize, c: usize, cRow: usize, more: bool): void {
  const zero = i64x2.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero;
  if (more) {
    c00 = v128.load(c);
    if (sizeof<N>() > 1) c01 = v128.load(c, 16);
    if (sizeof<K>() > 1) {
      c10 = v128.load(c + cRow);
      if (sizeof<N>() > 1) c11 = v128.load(c + cRow, 16);
      c20 = v128.load(c + 2 * cRow);
      if (sizeof<N>() > 1) c21 = v128.load(c + 2 * cRow, 16);
      c30 = v128.load(c + 3 * cRow);
      if (sizeof<N>() > 1) c31 = v128.load(c + 3 * cRow, 16);
    }
  }
  const a1 = a + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let k: usize = 0;
  for (let n = inner; n > 0; n--) {
    const b0 = v128.load(b);
    const b1 = sizeof<N>() > 1 ? v128.load(b, 16) : zero;
    let s = v128.load32_splat(a + k);
    c00 = f32x4.add(c00, f32x4.mul(s, b0));
    if (sizeof<N>() > 1) c01 = f32x4.add(c01, f32x4.mul(s, b1));
    if (sizeof<K>() > 1) {
      s = v128.load32_splat(a1 + k);
      c10 = f32x4.add(c10, f32x4.mul(s, b0));
      if (sizeof<N>() > 1) c11 = f32x4.add(c11, f32x4.mul(s, b1));
      s = v128.load32_splat(a2 + k);
      c20 = f32x4.add(c20, f32x4.mul(s, b0));
      if (sizeof<N>() > 1) c21 = f32x4.add(c21, f32x4.mul(s, b1));
      s = v128.load32_splat(a3 + k);
      c30 = f32x4.add(c30, f32x4.mul(s, b0));
      if (sizeof<N>() > 1) c31 = f32x4.add(c31, f32x4.mul(s, b1));
    }
    b += bRow;
    k += aStep;
  }
  v128.store(c, c00);
  if (sizeof<N>() > 1) v128.store(c, c01, 16);
  if (sizeof<K>() > 1) {
    v128.store(c + cRow, c10);
    if (sizeof<N>() > 1) v128.store(c + cRow, c11, 16);
    v128.store(c + 2 * cRow, c20);
    if (sizeof<N>() > 1) v128.store(c + 2 * cRow, c21, 16);
    v128.store(c + 3 * cRow, c30);
    if (sizeof<N>() > 1) v128.store(c + 3 * cRow, c31, 16);
  }
}

/**
 * C [rows, width] = A [rows, inner] B [inner, width], width a multiple of 4. Consecutive rows of A lie `aRow` bytes apart, its columns
 * `aStep` (4 for a plain matrix; a transposed one has them the other way round), rows of C `cRow`.
 */
export function multiply(rows: i32, inner: i32, width: i32, a: usize, aRow: usize, aStep: usize, b: usize, c: usize, cRow: usize): void {
  multiplyRows(rows, inner, width, a, aRow, aStep, b, <usize>width << 2, c, cRow);
}

/** The same with rows of B `bRow` bytes apart. */
export function multiplyRows(
  rows: i32, inner: i32, width: i32, a: usize, aRow: usize, aStep: usize, b: usize, bRow: usize, c: usize, cRow: usize,
): void {
  // A block of B's rows that the second-level cache holds serves all rows of C before the next block is read.
  const block = bRow * <usize>inner <= BLOCK ? inner : <i32>max<usize>(16, BLOCK / bRow);
  for (let k = 0; k < inner; k += block) {
    const n = min(block, inner - k);
    multiplyBlock(rows, n, <usize>width << 2, a + <usize>k * aStep, aRow, aStep, b + <usize>k * bRow, bRow, c, cRow, k > 0);
  }
}

/** Bytes of B that are used again and again while in the second-level cache. */
const BLOCK: usize = 262144;

function multiplyBlock(
  rows: i32, inner: i32, columns: usize, a: usize, aRow: usize, aStep: usize, b: usize, bRow: usize, c: usize, cRow: usize, more: bool,
): void {
  for (let r = 0; r < rows; r += 4) {
    const n = min(4, rows - r);
    let at: usize = 0;
    for (; at + 32 <= columns; at += 32) multiplyPanel<u32>(n, inner, a, aRow, aStep, b + at, bRow, c + at, cRow, more);
    if (at < columns) multiplyPanel<u8>(n, inner, a, aRow, aStep, b + at, bRow, c + at, cRow, more);
    a += 4 * aRow;
    c += 4 * cRow;
  }
}

// @ts-ignore: decorator
@inline
function multiplyPanel<N>(rows: i32, inner: i32, a: usize, aRow: usize, aStep: usize, b: usize, bRow: usize, c: usize, cRow: usize, more: bool): void {
  let r = 0;
  for (; r + 4 <= rows; r += 4) {
    tile<u32, N>(a, aRow, aStep, inner, b, bRow, c, cRow, more);
    a += 4 * aRow;
    c += 4 * cRow;
  }
  for (; r < rows; r++) {
    tile<u8, N>(a, aRow, aStep, inner, b, bRow, c, cRow, more);
    a += aRow;
    c += cRow;
  }
}
