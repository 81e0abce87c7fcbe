import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks per second in /proc (USER_HZ), the same on every Linux that Node.js runs on. */
const TICKS = 100;

/**
 * Seconds of processor time (user and system) that this process and the processes it started have used so far: what a run costs, however
 * busy the machine is. Linux only.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + descendants(process.pid).reduce((sum, pid) => sum + ticks(pid) / TICKS, 0);
}

function descendants(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
        .split(" ")
        .filter(Boolean)
        .map(Number)
        .flatMap((child) => [child, ...descendants(child)]),
    );
  } catch {
    return []; // it has ended meanwhile
  }
}

function ticks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // After the name in brackets, which may hold anything: state is field 3, utime 14, stime 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}
