import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../src/setup/index.mjs";
import { until } from "./conformance.ts";

/**
 * A real Slurm of two nodes on this machine, in a network namespace of its own that has nothing but loopback: munged, slurmctld and two slurmd, begun and
 * ended by the tests. What talks to it (sbatch, squeue, ...) enters the namespace; jobs run on this machine's disks, except for
 * - `unshared`: a folder that nodes see empty;
 * - the partition `old`: a node on which package.json is one of another version.
 */
export interface SlurmMachine {
  /** Below it what nodes share. */
  readonly folder: string;
  readonly unshared: string;
  /** Goes to the front of PATH. */
  readonly bin: string;
  close(): Promise<void>;
}

/** Why there can't be one here; undefined: there can. */
export function whyNoSlurm(): string | undefined {
  for (const program of ["sbatch", "slurmctld", "slurmd", "munged", "unshare", "nsenter", "ip"])
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    } catch {
      return `${program} is not installed (Debian: slurm-wlm munge)`;
    }
  try {
    execFileSync("unshare", ["--net", "--mount", "true"], { stdio: "ignore" });
  } catch {
    return "namespaces of the network and of mounts need root";
  }
  return undefined;
}

const ADDRESS = "10.99.0.1";

const configuration = (folder: string): string => `ClusterName=dsqn
SlurmctldHost=${hostname()}(${ADDRESS})
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${folder}/munge.socket
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/%n.log
SlurmctldPort=16817
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
MessageTimeout=60
KillWait=5
SchedulerParameters=sched_interval=2,batch_sched_delay=1,sched_min_interval=100000
NodeName=node-a NodeHostname=${hostname()} NodeAddr=${ADDRESS} Port=16818 CPUs=2 RealMemory=1000
NodeName=node-b NodeHostname=${hostname()} NodeAddr=${ADDRESS} Port=16819 CPUs=2 RealMemory=1000
NodeName=node-old NodeHostname=${hostname()} NodeAddr=${ADDRESS} Port=16820 CPUs=2 RealMemory=1000
PartitionName=main Nodes=node-a,node-b Default=YES MaxTime=INFINITE State=UP
PartitionName=old Nodes=node-old MaxTime=INFINITE State=UP
`;

/** getaddrinfo knows no address where there is none but 127.0.0.1: so loopback gets another one. */
const boot = (folder: string): string => `set -e
ip link set lo up
ip addr add ${ADDRESS}/32 dev lo
cd ${folder}
munged --foreground --force --key-file=munge.key --socket=${folder}/munge.socket --pid-file=munge.pid \\
  --log-file=munge.log --seed-file=munge.seed --num-threads=2 &
until [ -S munge.socket ]; do sleep 0.1; done
slurmctld -D -c &
for node in node-a node-b; do
  unshare --mount sh -c "mount -t tmpfs -o size=1m none ${folder}/unshared; exec slurmd -D -N $node" &
done
unshare --mount sh -c "mount --bind ${folder}/package.json ${join(root, "package.json")}; exec slurmd -D -N node-old" &
jobs -p > daemons
touch up
wait
`;

export async function openSlurmMachine(): Promise<SlurmMachine> {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-slurm-"));
  const [bin, unshared] = [join(folder, "bin"), join(folder, "unshared")];
  for (const path of [bin, unshared, join(folder, "state"), join(folder, "shared")]) mkdirSync(path);
  writeFileSync(join(folder, "munge.key"), randomBytes(1024), { mode: 0o600 });
  writeFileSync(join(folder, "slurm.conf"), configuration(folder));
  const manifest = readFileSync(join(root, "package.json"), "utf8");
  writeFileSync(join(folder, "package.json"), manifest.replace(/"version": "[^"]*"/, '"version": "0.0.1"'));
  writeFileSync(join(folder, "boot.sh"), boot(folder));
  const env = { ...process.env, SLURM_CONF: join(folder, "slurm.conf") };
  const machine = spawn("unshare", ["--net", "bash", join(folder, "boot.sh")], { env, stdio: "ignore" });
  for (const name of ["sbatch", "squeue", "scontrol", "scancel", "sinfo"]) {
    const real = execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
    const text = `#!/bin/sh\nSLURM_CONF=${folder}/slurm.conf exec nsenter --net=/proc/${machine.pid}/ns/net ${real} "$@"\n`;
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const ask = (name: string, ...args: string[]): string => {
    try {
      return execFileSync(join(bin, name), args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    } catch {
      return "";
    }
  };
  const close = (): Promise<void> => end(machine, folder, ask);
  try {
    await until(() => ask("sinfo", "-h", "-N", "-o", "%N %T").match(/ idle/g)?.length === 4 - 1, 120_000);
  } catch (error) {
    await close();
    throw error;
  }
  return { folder: join(folder, "shared"), unshared, bin, close };
}

async function end(
  machine: ChildProcess,
  folder: string,
  ask: (...words: [string, ...string[]]) => string,
): Promise<void> {
  ask("scancel", "--user=root");
  await until(() => ask("squeue", "-h") === "", 30_000).catch(() => undefined);
  const ended = new Promise((resolve) => machine.once("exit", resolve));
  for (const pid of readFileSync(join(folder, "daemons"), "utf8").trim().split("\n").map(Number))
    try {
      process.kill(pid);
    } catch {
      // It has ended already.
    }
  await ended;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
