/** Jenkins' lookup3 (hashlittle, initial value 0), which newer structures of HDF5 end with. */
export function lookup3(bytes: Uint8Array): number {
  const word = (i: number): number =>
    bytes[i] | 0 | ((bytes[i + 1] | 0) << 8) | ((bytes[i + 2] | 0) << 16) | ((bytes[i + 3] | 0) << 24);
  const turned = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  let [a, b, c] = Array.from({ length: 3 }, () => (0xdeadbeef + bytes.length) | 0);
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = ((a - c) ^ turned(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ turned(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ turned(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ turned(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ turned(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ turned(b, 4)) | 0;
    b = (b + a) | 0;
  }
  if (at === bytes.length) return c >>> 0;
  a = (a + word(at)) | 0;
  b = (b + word(at + 4)) | 0;
  c = (c + word(at + 8)) | 0;
  c = ((c ^ b) - turned(b, 14)) | 0;
  a = ((a ^ c) - turned(c, 11)) | 0;
  b = ((b ^ a) - turned(a, 25)) | 0;
  c = ((c ^ b) - turned(b, 16)) | 0;
  a = ((a ^ c) - turned(c, 4)) | 0;
  b = ((b ^ a) - turned(a, 14)) | 0;
  c = ((c ^ b) - turned(b, 24)) | 0;
  return c >>> 0;
}

/** Of a zlib stream (RFC 1950). */
export function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (let i = 0; i < bytes.length;) {
    const end = Math.min(i + 3800, bytes.length);
    for (; i < end; i++) b += a += bytes[i];
    a %= 65521;
    b %= 65521;
  }
  return ((b << 16) | a) >>> 0;
}

/** HDF5's fletcher32: of big-endian 16-bit words, an odd last byte as the upper half of one. */
export function fletcher32(bytes: Uint8Array): number {
  let [a, b] = [0, 0];
  const whole = bytes.length - (bytes.length % 2);
  for (let i = 0; i < whole;) {
    const end = Math.min(i + 720, whole);
    for (; i < end; i += 2) b += a += (bytes[i] << 8) | bytes[i + 1];
    a = (a & 0xffff) + (a >>> 16);
    b = (b & 0xffff) + (b >>> 16);
  }
  if (whole < bytes.length) {
    b += a += bytes[whole] << 8;
    a = (a & 0xffff) + (a >>> 16);
    b = (b & 0xffff) + (b >>> 16);
  }
  a = (a & 0xffff) + (a >>> 16);
  b = (b & 0xffff) + (b >>> 16);
  return ((b << 16) | a) >>> 0;
}
