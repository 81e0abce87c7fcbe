import { readModel, isSpiking, type SpikingNetwork } from "../../index.ts";
import { fetchBytes } from "../common/files.ts";

/** A network that acts on this page. */
export interface Agent {
  readonly file: string;
  readonly name: string;
  /** The longest T that can be chosen. */
  readonly most: number;
}

export const agents: Readonly<Record<"cartpole" | "mountaincar" | "breakout", readonly Agent[]>> = {
  cartpole: [
    { file: "cartpole-dsqn", name: "DSQN, learned with spikes (T = 20)", most: 60 },
    { file: "cartpole-dqn-converted", name: "DQN, converted to spikes (T = 64)", most: 200 },
    { file: "cartpole-thrift", name: "Thrift: 8 neurons, one step", most: 10 },
  ],
  mountaincar: [
    { file: "mountaincar-dsqn", name: "DSQN, learned with spikes (T = 20)", most: 60 },
    { file: "mountaincar-dqn-converted", name: "DQN, converted to spikes (T = 64)", most: 200 },
    { file: "mountaincar-thrift", name: "Thrift: 8 neurons, one step", most: 10 },
  ],
  breakout: [
    { file: "breakout-thrift", name: "Thrift: a policy, learned with spikes (T = 4)", most: 10 },
    { file: "breakout-dsqn", name: "DSQN of convolutions (T = 10)", most: 20 },
  ],
};

export type WorldName = keyof typeof agents;

export async function loadAgent({ file }: Agent): Promise<SpikingNetwork> {
  const { network } = readModel(await fetchBytes(`data/${file}.safetensors`), { source: `${file}.safetensors` });
  if (!isSpiking(network)) throw new Error(`${file} does not spike.`);
  return network;
}
