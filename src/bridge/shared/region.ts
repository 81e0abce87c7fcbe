import { closeSync, ftruncateSync } from "node:fs";
import { FIRST, type Memory, type Word, WORDS } from "./handover.ts";

/**
 * Memory that one worker and we both see: a file without a name (memfd_create) whose descriptor the worker inherits. Nobody else can open it,
 * nothing of it can be left behind, and it is sealed against shrinking: a worker cannot pull it away under our feet (SIGBUS). It takes room
 * only where it was written to.
 */
export interface Region {
  /** Given to the worker as one of its standard streams. */
  readonly descriptor: number;
  readonly board: Memory;
  /** Where slots are written, and where the worker writes its own. */
  readonly up: Uint8Array;
  readonly down: Uint8Array;
  /**
   * A view of a part of it, from a multiple of PAGE on. What it shows stays mapped until nobody holds the view, or an array upon it:
   * touching it later would
   * end the process. Throws where the system gives none.
   */
  map(area: Area): ArrayBuffer;
  /** Has the system set memory aside for the bytes before `end`, so that writing there cannot fail; false where it has none. */
  reserve(area: Area, end: number): boolean;
  /** Closes the descriptor; views stay valid. */
  close(): void;
}

export interface Area {
  readonly offset: number;
  readonly bytes: number;
}

export const PAGE = 4096;
const MEBIBYTE = 2 ** 20;

/** Where things are (docs/protocol.md). Ports and slots up are laid out by the client, slots down by the worker. */
export const AREAS = {
  board: { offset: 0, bytes: PAGE },
  ports: { offset: PAGE, bytes: 16 * MEBIBYTE - PAGE },
  up: { offset: 16 * MEBIBYTE, bytes: 16 * MEBIBYTE },
  down: { offset: 32 * MEBIBYTE, bytes: 32 * MEBIBYTE },
} as const satisfies Record<string, Area>;

export const REGION_BYTES = 64 * MEBIBYTE;

const CLOSE_ON_EXEC_AND_SEALABLE = 3;
const ADD_SEALS = 1033;
const SEAL_SEAL_SHRINK_GROW = 7;
const READ_WRITE = 3;
const SHARED = 1;

interface System {
  create(): number;
  seal(descriptor: number): number;
  reserve(descriptor: number, mode: number, offset: number, bytes: number): number;
  map(address: null, bytes: number, protection: number, flags: number, descriptor: number, offset: number): bigint;
  unmap(address: bigint, bytes: number): number;
  view(address: bigint, bytes: number): ArrayBuffer;
}

let loading: Promise<System> | undefined;
const views = new FinalizationRegistry<() => void>((unmap) => unmap());

/** A region, or why there is none: then everything goes by ZeroMQ. */
export async function openRegion(): Promise<Region | string> {
  const unfit = unfitness();
  if (unfit) return unfit;
  try {
    return create(await (loading ??= loadSystem()));
  } catch (error) {
    loading = undefined;
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}

/** Why this machine is none for which the memory order has been argued (docs/protocol.md) and tested. */
export function unfitness(): string | undefined {
  const { platform, arch } = process;
  return platform === "linux" && arch === "x64" ? undefined : `${platform} on ${arch} is not among the tested ones`;
}

/** The C library's functions, by koffi: a package with a prebuilt binary for most machines, and none for some. */
async function loadSystem(): Promise<System> {
  const { default: koffi } = await import("koffi");
  const libc = koffi.load(null);
  const named = (name: string): never => {
    throw new Error(`${name}: error ${koffi.errno()}`);
  };
  const memfd = libc.func("int memfd_create(const char *name, unsigned int flags)");
  const fcntl = libc.func("int fcntl(int descriptor, int command, int argument)");
  const mmap = libc.func("void *mmap(void *address, size_t n, int protection, int flags, int descriptor, int64_t at)");
  return {
    create: () => {
      const descriptor = memfd("dsqn", CLOSE_ON_EXEC_AND_SEALABLE) as number;
      return descriptor >= 0 ? descriptor : named("memfd_create");
    },
    seal: (descriptor) =>
      fcntl(descriptor, ADD_SEALS, SEAL_SEAL_SHRINK_GROW) === 0 ? 0 : named("fcntl(F_ADD_SEALS)"),
    reserve: libc.func("int fallocate(int descriptor, int mode, int64_t offset, int64_t bytes)") as System["reserve"],
    map: (...args) => {
      const address = BigInt(mmap(...args) as bigint | number);
      return BigInt.asIntN(64, address) === -1n ? named("mmap") : address;
    },
    unmap: libc.func("int munmap(void *address, size_t bytes)") as System["unmap"],
    view: (address, bytes) => koffi.view(address, bytes),
  };
}

function create(system: System): Region {
  const descriptor = system.create();
  let open = true;
  const map = ({ offset, bytes }: Area): ArrayBuffer => {
    const address = system.map(null, bytes, READ_WRITE, SHARED, descriptor, offset);
    const view = system.view(address, bytes);
    views.register(view, () => void system.unmap(address, bytes));
    return view;
  };
  const reserved = new Map<Area, number>();
  const reserve = (area: Area, end: number): boolean => {
    const before = reserved.get(area) ?? 0;
    if (end <= before) return true;
    if (!open || end > area.bytes) return false;
    const wanted = Math.min(area.bytes, Math.ceil(end / MEBIBYTE) * MEBIBYTE);
    if (system.reserve(descriptor, 0, area.offset + before, wanted - before) !== 0) return false;
    reserved.set(area, wanted);
    return true;
  };
  try {
    ftruncateSync(descriptor, REGION_BYTES);
    system.seal(descriptor);
    if (!reserve(AREAS.board, AREAS.board.bytes)) throw new Error("no memory can be set aside");
    return {
      descriptor,
      board: boardOf(map(AREAS.board)),
      up: new Uint8Array(map(AREAS.up)),
      down: new Uint8Array(map(AREAS.down)),
      reserve,
      map(area) {
        if (!open) throw new Error("the region is closed");
        return map(area);
      },
      close() {
        if (open) closeSync(descriptor);
        open = false;
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function boardOf(view: ArrayBuffer): Memory {
  const words = new Int32Array(view);
  const { REQUESTS, POSTED, WAKE_AT, REPLIES } = WORDS;
  for (const word of [REQUESTS, POSTED, WAKE_AT, REPLIES]) words[word] = FIRST;
  return {
    load: (word: Word) => Atomics.load(words, word),
    store: (word: Word, value: number) => void Atomics.store(words, word, value),
  };
}
