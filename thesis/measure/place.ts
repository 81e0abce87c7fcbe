import { createHash } from "node:crypto";
import { withGymnasium } from "../../src/environments/gymnasium-worlds.ts";
import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { type Policy, policyOf } from "../../src/learning/policy.ts";
import type { Network } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";
import type { Side } from "../experiments.ts";
import { openSetUp } from "../simulators/set-up.ts";
import type { Trial } from "../tables/trial.ts";
import { originalNetworks, ourNetworks, sizes, type Subject, type Subjects } from "./networks.ts";
import type { RowRequest } from "./request.ts";
import type { Player } from "./score.ts";

/** Where the trials of one environment are played, and by whom. */
export interface Place {
  /** Null where there is no such network. */
  player(trial: Trial, side: Side): Promise<Player | null>;
}

/** The thesis's limit on episodes, in both environments. */
const MAX_STEPS = 500;
/** Of what is compared with a board's few episodes, and costs next to nothing. */
const EPISODES = 100;

const places = new Map<Trial["environment"], Promise<Place>>();

/** The place of a trial, which stays open for all requests to this process. */
export function placeOf(trial: Trial, request: Omit<RowRequest, "part">): Promise<Place> {
  const { environment } = trial;
  const open = async (): Promise<Place> =>
    environment === "breakout"
      ? (await import("../breakout/players.ts")).openBreakout(request)
      : gymnasium(await makerOf(environment === "cartpole" ? "CartPole-v1" : "MountainCar-v0"), request.original);
  return places.get(environment) ?? places.set(environment, open()).get(environment)!;
}

/** Environments whose worker runs until the process ends. */
function makerOf(id: string): Promise<MakeEnvironments> {
  return new Promise((resolve, reject) => {
    withGymnasium({ id, maxSteps: MAX_STEPS }, (makeEnvironments) => {
      resolve(makeEnvironments);
      return new Promise(() => undefined);
    }).catch(reject);
  });
}

function gymnasium(makeEnvironments: MakeEnvironments, original: string | undefined): Place {
  const ours = ourNetworks(makeEnvironments);
  const theirs: Subjects = original === undefined ? async () => null : originalNetworks(original);
  return {
    async player(trial, side) {
      if (trial.player === "random")
        return { open: () => randomPolicy(trial), makeEnvironments, identity: ["random actions"] };
      const subject = await (side === "ours" && trial.simulator === undefined ? ours : theirs)(trial);
      if (!subject) return null;
      const { network, compare, divisor } = subject;
      const simulator = side === "ours" ? (trial.simulator ?? null) : null;
      return {
        open: () => open(subject, simulator),
        makeEnvironments,
        compare: compare && policyOf(compare),
        ...(side === "exact" && trial.simulator === "spinnaker" && { episodes: EPISODES }),
        identity: [digest(network), compare ? digest(compare) : null, divisor?.join() ?? null, simulator],
      };
    },
  };
}

/** The network in our engine, or in a set-up of the thesis. */
async function open({ network, divisor }: Subject, simulator: string | null): Promise<Policy> {
  if (simulator === null) return divisor ? dividing(policyOf(network), divisor) : policyOf(network);
  const engine = await openSetUp(simulator);
  const policy = policyOf(network, { engine });
  return {
    ...policy,
    async close() {
      await policy.close?.();
      await engine.close();
    },
  };
}

/** The policy on observations divided element by element. */
function dividing(policy: Policy, divisor: Float32Array): Policy {
  return {
    ...policy,
    values: undefined, // they would be those of undivided observations
    act: (o, batch) =>
      policy.act(
        o.map((x, i) => x / divisor[i % divisor.length]),
        batch,
      ),
  };
}

function randomPolicy({ environment }: Trial): Policy {
  const random = Random.stream(0, "random policy");
  const actions = environment === "cartpole" ? 2 : 3;
  return {
    observationSize: sizes[environment as "cartpole"],
    actions,
    act: (_, batch) => Int32Array.from({ length: batch }, () => random.integer(actions)),
  };
}

/** Of everything that a network decides by. */
function digest(network: Network): string {
  const hash = createHash("sha256");
  const text = JSON.stringify(network, (_, value: unknown) => {
    if (!ArrayBuffer.isView(value)) return value;
    hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    return value.byteLength;
  });
  return hash.update(text).digest("hex");
}
