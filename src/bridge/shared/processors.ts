import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

let counted: number | undefined;

/** Processors that this process may keep busy: those that it may run on, or as many as the quotas of its control groups come to. */
export function processors(): number {
  return (counted ??= Math.max(1, Math.min(availableParallelism(), Math.floor(quota(read)))));
}

/** Processors by the tightest quota among the control groups around this process; Infinity without any. `read`: a file's text, or "". */
export function quota(read: (path: string) => string): number {
  let least = Infinity;
  for (const line of read("/proc/self/cgroup").split("\n")) {
    const [, controllers, group] = line.split(":");
    if (group === undefined || !(controllers === "" || controllers.split(",").includes("cpu"))) continue;
    const root = controllers === "" ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu";
    for (let folder = `${root}${group}`; folder.length >= root.length; folder = folder.slice(0, folder.lastIndexOf("/"))) {
      const place = folder.replace(/\/$/, "");
      const [most, period] =
        controllers === ""
          ? read(`${place}/cpu.max`).split(" ").map(Number)
          : [read(`${place}/cpu.cfs_quota_us`), read(`${place}/cpu.cfs_period_us`)].map(Number);
      if (most > 0 && period > 0) least = Math.min(least, most / period);
    }
  }
  return least;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
