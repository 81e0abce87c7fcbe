import { DsqnError } from "../../errors.ts";
import type { TensorData } from "../../files/tensor.ts";
import { type FrameFile, openFrameFile } from "./frame-file.ts";
import { FrameMemory, type FrameMemoryOptions, type FrameMemoryState } from "./frame-memory.ts";
import type { Replay } from "./replay.ts";

export interface FrameReplayOptions extends FrameMemoryOptions {
  readonly dropTruncated: boolean;
  /** Keeps the frames beside the checkpoints, which then hold all but them; `resume`: the file is there. */
  readonly file?: { readonly path: string; readonly resume: boolean };
}

/** Transitions between stacks of frames, of which each frame is kept once. */
export function frameReplay(options: FrameReplayOptions): Replay {
  const memory = new FrameMemory(options);
  const size = options.frameSize * options.stack;
  const file: FrameFile | undefined = options.file && openFrameFile(options.file.path, memory, options.file);
  return {
    get size() {
      return memory.size;
    },
    begin: (i, shown) => memory.observe(i, shown as Uint8Array, true),
    observe(i, { action, reward, terminal, terminated, truncated, shown }) {
      memory.act(i, action, reward, terminal);
      if (!terminated) memory.observe(i, shown as Uint8Array, false);
      if (!truncated || terminated) return;
      if (options.dropTruncated) memory.drop(i);
      else memory.cut(i);
    },
    current(running) {
      const stacks = new Uint8Array(running.length * size);
      running.forEach((i, row) => memory.newest(i, stacks, row * size));
      return stacks;
    },
    view: (observations) => new Uint8Array(observations),
    sample: (count, random) => memory.sample(count, random),
    updatePriorities: (slots, errors) => memory.updatePriorities(slots, errors),
    resume: (i, shown) => Buffer.from(shown as Uint8Array).equals(memory.newestFrame(i)),
    due: () => file?.due(2) ?? false,
    save() {
      const { facts, tensors } = memory.save();
      file?.save();
      const frames = file ? [] : memory.frames.map((lane, i): [string, TensorData] => [`frames.${i}`, lane]);
      return { facts, tensors: { ...tensors, ...Object.fromEntries(frames) } };
    },
    restore({ facts, tensors }) {
      memory.restore({ facts, tensors } as unknown as FrameMemoryState);
      if (file) return file.restore();
      for (const [i, lane] of memory.frames.entries()) {
        const kept = tensors[`frames.${i}`];
        if (!kept)
          throw new DsqnError("CHECKPOINT_INVALID", "The frames of the replay memory are in a file of their own.");
        lane.set(kept as Uint8Array);
      }
    },
    close: () => file?.close(),
  };
}
