import { pow } from "../../numeric/elementary.ts";

/** Takes what an n-step window emits: the summed reward and the discount of the value at `next` (0: terminal). */
export type Emit = (
  observation: Float32Array,
  action: number,
  reward: number,
  next: Float32Array,
  discount: number,
) => void;

interface Pending {
  readonly observation: Float32Array;
  readonly action: number;
  reward: number;
  /** Steps taken since, this one included. */
  steps: number;
}

/**
 * The open n-step transitions of one environment (Sutton 1988; Hessel et al. 2018):
 *
 *   R = r[t] + gamma r[t+1] + ... + gamma^(k-1) r[t+k-1],   discount = gamma^k,   next = o[t+k]
 *
 * with k = n, or fewer at the end of an episode. A terminal transition bootstraps nothing (discount 0); one cut short by the
 * time limit is no end of the task and bootstraps from its final observation (Pardo et al. 2018).
 */
export class NStepWindow {
  private pending: Pending[] = [];
  private readonly n: number;
  private readonly gamma: number;
  private readonly dropTruncated: boolean;

  /** `dropTruncated`: forget what a time limit cuts, as the thesis's code does, instead of bootstrapping. */
  constructor(n: number, gamma: number, dropTruncated = false) {
    this.n = n;
    this.gamma = gamma;
    this.dropTruncated = dropTruncated;
  }

  push(
    step: {
      observation: Float32Array;
      action: number;
      reward: number;
      next: Float32Array;
      /** Nothing after it is worth anything. */
      terminal: boolean;
      terminated: boolean;
      truncated: boolean;
    },
    emit: Emit,
  ): void {
    for (const open of this.pending) open.reward += pow(this.gamma, open.steps++) * step.reward;
    this.pending.push({ observation: step.observation, action: step.action, reward: step.reward, steps: 1 });
    const ended = step.terminal || step.terminated || step.truncated;
    // The thesis's code drops every transition at the time limit, a terminal one included.
    if (step.truncated && this.dropTruncated) this.pending = [];
    while (this.pending.length > 0 && (ended || this.pending[0].steps === this.n)) {
      const { observation, action, reward, steps } = this.pending.shift()!;
      emit(observation, action, reward, step.next, step.terminal ? 0 : pow(this.gamma, steps));
    }
  }

  /** The open transitions, oldest first, as plain numbers. */
  save(): SavedWindow {
    return this.pending.map((p) => ({ ...p, observation: Array.from(p.observation) }));
  }

  restore(saved: SavedWindow): void {
    this.pending = saved.map((p) => ({ ...p, observation: Float32Array.from(p.observation) }));
  }
}

export type SavedWindow = { observation: number[]; action: number; reward: number; steps: number }[];
