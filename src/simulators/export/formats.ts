import type { Network } from "../../network/network.ts";

const script = (target: "nest" | "pynn", summary: string) => ({
  name: target,
  summary,
  extension: ".py",
  write: async (network: Network, path: string): Promise<void> =>
    (await import("./script.ts")).writeScript(target, network, path),
});

/** Scripts as formats of `dsqn export`, beside those of formats/export.ts. */
export const scriptFormats = [
  script("nest", "a script that rebuilds and checks a spiking network in NEST 3; needs nest and numpy alone"),
  script("pynn", "the same in PyNN, for any of its backends"),
] as const;
