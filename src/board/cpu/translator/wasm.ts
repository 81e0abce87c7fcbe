/** Writes WebAssembly modules: the few instructions and sections that translated code needs. Source: WebAssembly Core Specification 2.0, 5. */

export const I32 = 0x7f;
export const I64 = 0x7e;
const NO_RESULT = 0x40;

/** Opcodes without operands of their own. */
export const OP = {
  unreachable: 0x00,
  else: 0x05,
  end: 0x0b,
  return: 0x0f,
  select: 0x1b,
  eqz: 0x45,
  eq: 0x46,
  ne: 0x47,
  ltS: 0x48,
  ltU: 0x49,
  gtS: 0x4a,
  gtU: 0x4b,
  leS: 0x4c,
  leU: 0x4d,
  geS: 0x4e,
  geU: 0x4f,
  clz: 0x67,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  rotr: 0x78,
  add64: 0x7c,
  mul64: 0x7e,
  or64: 0x84,
  shl64: 0x86,
  shrS64: 0x87,
  shrU64: 0x88,
  wrap: 0xa7,
  extendS: 0xac,
  extendU: 0xad,
  extend8: 0xc0,
  extend16: 0xc1,
} as const;

export type Op = keyof typeof OP;

/** Loads and stores: opcode and the alignment that is claimed (log2). */
const ACCESS = {
  load32: [0x28, 2],
  load8S: [0x2c, 0],
  load8: [0x2d, 0],
  load16S: [0x2e, 1],
  load16: [0x2f, 1],
  store32: [0x36, 2],
  store8: [0x3a, 0],
  store16: [0x3b, 1],
} as const;

export type Access = keyof typeof ACCESS;

/** The body of a function. Methods return the writer, so that lines read like the stack. */
export class Body {
  readonly bytes: number[] = [];
  /** How many blocks, loops and ifs are open. */
  depth = 0;

  get(local: number): this {
    this.bytes.push(0x20);
    return this.unsigned(local);
  }

  set(local: number): this {
    this.bytes.push(0x21);
    return this.unsigned(local);
  }

  tee(local: number): this {
    this.bytes.push(0x22);
    return this.unsigned(local);
  }

  i32(value: number): this {
    this.bytes.push(0x41);
    return this.signed(value | 0);
  }

  i64(value: number): this {
    this.bytes.push(0x42);
    return this.signed(value);
  }

  op(...operations: Op[]): this {
    for (const operation of operations) this.bytes.push(OP[operation]);
    return this;
  }

  access(kind: Access, offset: number): this {
    const [code, alignment] = ACCESS[kind];
    this.bytes.push(code, alignment);
    return this.unsigned(offset);
  }

  block(): this {
    return this.open(0x02, NO_RESULT);
  }

  loop(): this {
    return this.open(0x03, NO_RESULT);
  }

  if(result: number = NO_RESULT): this {
    return this.open(0x04, result);
  }

  end(): this {
    this.depth--;
    return this.op("end");
  }

  /** To the construct that was opened when `depth` was `at`. */
  br(at: number): this {
    this.bytes.push(0x0c);
    return this.unsigned(this.depth - 1 - at);
  }

  /** The same for several; the last one is for all other values. */
  brTable(targets: readonly number[]): this {
    this.bytes.push(0x0e);
    this.unsigned(targets.length - 1);
    for (const at of targets) this.unsigned(this.depth - 1 - at);
    return this;
  }

  /** To the function whose number in the imported table is on the stack; of the module's own last type. */
  callTable(type: number): this {
    this.bytes.push(0x11);
    return this.unsigned(type).unsigned(0);
  }

  call(index: number): this {
    this.bytes.push(0x10);
    return this.unsigned(index);
  }

  private open(code: number, result: number): this {
    this.depth++;
    this.bytes.push(code, result);
    return this;
  }

  private unsigned(value: number): this {
    pushUnsigned(this.bytes, value);
    return this;
  }

  private signed(value: number): this {
    let rest = value;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) {
        this.bytes.push(low);
        return this;
      }
      this.bytes.push(low | 0x80);
    }
  }
}

function pushUnsigned(bytes: number[], value: number): void {
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
}

export interface Func {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
  readonly locals: readonly number[];
  readonly body: Body;
}

/** A module with functions, the last of which is exported as "run"; memory and table are imported as "chip" "memory" and "table". */
export function assemble(functions: readonly Func[], memoryPages: number): Uint8Array {
  const limits = [0x03, ...unsigned(memoryPages), ...unsigned(memoryPages)];
  const types = functions.map(({ parameters, results }) => [0x60, ...counted(parameters), ...counted(results)]);
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const memory = [...text("chip"), ...text("memory"), 0x02, ...limits];
  const table = [...text("chip"), ...text("table"), 0x01, 0x70, 0x00, 0x00];
  const bodies = functions.map(({ locals, body }) => {
    const declared = [...unsigned(locals.length), ...locals.flatMap((type) => [1, type])];
    return { declared, code: body.bytes, size: declared.length + body.bytes.length + 1 };
  });
  const heads = bodies.map(({ size }) => unsigned(size));
  const codeSize = bodies.reduce((sum, { size }, index) => sum + size + heads[index].length, 1);
  const front = [
    ...header,
    ...section(1, [functions.length, ...types.flat()]),
    ...section(2, [2, ...memory, ...table]),
    ...section(3, [functions.length, ...functions.keys()]),
    ...section(7, [1, ...text("run"), 0x00, functions.length - 1]),
    ...[10, ...unsigned(codeSize), functions.length],
  ];
  const module = new Uint8Array(front.length + codeSize - 1);
  module.set(front);
  let at = front.length;
  bodies.forEach(({ declared, code, size }, index) => {
    module.set(heads[index], at);
    module.set(declared, at + heads[index].length);
    module.set(code, at + heads[index].length + declared.length);
    at += heads[index].length + size;
    module[at - 1] = OP.end;
  });
  return module;
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  pushUnsigned(bytes, value);
  return bytes;
}

const counted = (content: readonly number[]): number[] => [...unsigned(content.length), ...content];
const text = (value: string): number[] => counted([...value].map((letter) => letter.charCodeAt(0)));
const section = (id: number, content: readonly number[]): number[] => [id, ...counted(content)];
