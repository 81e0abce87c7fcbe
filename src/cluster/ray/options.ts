import { isAbsolute } from "node:path";
import { UsageError } from "../../errors.ts";

/** What `--on ray:...` says: an address first, then options by name, with commas between. */
export interface RayOptions {
  /** HOST:PORT of the head, or "auto": the cluster that this machine is a node of. Undefined: a cluster of this machine's own, without a network. */
  readonly address: string | undefined;
  /** A folder in which every node has this very package: an image has it, or a shared disk. Unless given it travels as an archive. */
  readonly code: string | undefined;
  /** Node.js on the nodes. */
  readonly node: string;
  /** Whether nodes see the job's folder; else results travel back, and a piece whose node dies begins anew. */
  readonly shared: boolean;
  /** Cores of a cluster of this machine's own. */
  readonly cpus: number | undefined;
  /** Over how many workers of the bridge environments are spread, with --workers-on. */
  readonly workers: number | undefined;
}

const EXAMPLE = "--on ray, --on ray:10.0.0.1:6379, --on ray:auto,code=/opt/dsqn, --on ray:auto,folder=own";

/** @throws UsageError BAD_ARGUMENT */
export function rayOptions(place = ""): RayOptions {
  const refuse = (what: string): never => {
    throw new UsageError("BAD_ARGUMENT", what, { hint: EXAMPLE });
  };
  const [address, ...settings] = place.split(",");
  const given = new Map<string, string>();
  for (const setting of settings) {
    const [, name, value] =
      /^(code|node|folder|cpus|workers)=(.+)$/.exec(setting) ??
      refuse(`"${setting}" says nothing about a cluster of Ray's.`);
    given.set(name, value);
  }
  if (address !== "" && address !== "auto" && !/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(address))
    refuse(`"${address}" is no address of a Ray cluster.`);
  const [code, folder, cpus, workers] = ["code", "folder", "cpus", "workers"].map((name) => given.get(name));
  if (code !== undefined && !isAbsolute(code)) refuse("code=... is a folder on the nodes, from the root on.");
  if (folder !== undefined && folder !== "own" && folder !== "shared") refuse("folder=own or folder=shared.");
  if (cpus !== undefined && (address !== "" || !/^[1-9]\d{0,3}$/.test(cpus)))
    refuse("cpus=N is for a cluster of this machine's own.");
  if (workers !== undefined && !/^[1-9]\d{0,3}$/.test(workers)) refuse("workers=N is a number from 1 on.");
  return {
    address: address === "" ? undefined : address,
    code,
    node: given.get("node") ?? (address === "" ? process.execPath : "node"),
    shared: folder !== "own",
    cpus: cpus === undefined ? undefined : Number(cpus),
    workers: workers === undefined ? undefined : Number(workers),
  };
}
