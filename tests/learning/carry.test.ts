import { describe, expect, it } from "@jest/globals";
import { balancedConversion, convert } from "../../src/conversion/convert.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { argmax } from "../../src/network/decide.ts";
import { dense, states, values } from "../conversion/close-race.ts";

const network = (steps: number) =>
  convert(dense, states, { ...balancedConversion, population: 1, spiking: { steps, neuron: "lif" } }).network;
const [n, actions] = [dense.input[0], 3];

describe("potentials carried from decision to decision", () => {
  it("decide as one longer run does where the observation stays: what a count left is not lost", async () => {
    const some = states.subarray(0, 600 * n);
    const carrying = policyOf(network(2), { carry: true });
    carrying.begin!(600);
    const last = [];
    const total = new Float64Array(600 * actions);
    const right = (chosen: ArrayLike<number>): number =>
      Array.from(chosen).filter((a, k) => a === argmax(values, k * actions, actions)).length / 600;
    for (let decision = 0; decision < 16; decision++) {
      const chosen = await carrying.act(some, 600);
      last.push(right(chosen));
      chosen.forEach((a, k) => total[k * actions + a]++);
    }
    const votes = Int32Array.from({ length: 600 }, (_, k) => argmax(total, k * actions, actions));
    const fresh = right(await policyOf(network(2)).act(some, 600));
    expect(right(votes)).toBeGreaterThan(fresh + 0.03);
    // The first decision begins at rest.
    expect(last[0]).toBe(fresh);
  });

  it("belong to their episode, whoever else is under way", async () => {
    const carrying = policyOf(network(2), { carry: true });
    const alone = policyOf(network(2), { carry: true });
    carrying.begin!(3);
    alone.begin!(1);
    for (let decision = 0; decision < 30; decision++) {
      const of = (episode: number): Float32Array =>
        states.subarray((decision * 3 + episode) * n, (decision * 3 + episode + 1) * n);
      // Episode 1 pauses every other time.
      const running = Int32Array.from(decision % 2 === 0 ? [0, 1, 2] : [0, 2]);
      const rows = new Float32Array(running.length * n);
      running.forEach((episode, k) => rows.set(of(episode), k * n));
      const chosen = await carrying.act(rows, running.length, running);
      expect((await alone.act(of(2), 1, Int32Array.of(0)))[0]).toBe(chosen.at(-1));
    }
  });

  it("are gone when new episodes begin", async () => {
    const carrying = policyOf(network(1), { carry: true });
    const some = states.subarray(0, 200 * n);
    carrying.begin!(200);
    const first = await carrying.act(some, 200);
    const second = await carrying.act(some, 200);
    expect(second).not.toEqual(first);
    carrying.begin!(200);
    expect(await carrying.act(some, 200)).toEqual(first);
  });

  it("are refused with input that has a time of its own", () => {
    const poisson = { ...network(4), coding: { ...network(4).coding, encoding: "poisson" as const } };
    expect(() => policyOf(poisson, { carry: true })).toThrow(/poisson/);
  });
});
