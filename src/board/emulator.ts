import { type Chip } from "./chip.ts";
import { type CoreOptions } from "./cpu/core.ts";
import { type Fault, type Registers } from "./cpu/types.ts";
import { CYCLES_PER_MS, Machine } from "./machine.ts";
import { STATE, STATES, vcpu, vcpuOf } from "./monitor/layout.ts";
import { Monitor, type MonitorEvents, type Uplink } from "./monitor/monitor.ts";
import { type Problem, type Unmodelled, hex } from "./problems.ts";
import { topologyOf } from "./topology.ts";

export interface EmulatorOptions {
  readonly version: number;
  /** The board's IP address, as its monitor tells it. */
  readonly ip: readonly [number, number, number, number];
  readonly time: number;
  readonly uplink: Uplink;
  readonly onProblem: (problem: Problem) => void;
  readonly onCommand?: MonitorEvents["command"];
  readonly core?: CoreOptions;
}

/** What a core does, and how much of its steps it uses for it. */
export interface CoreStatus {
  readonly chip: readonly [number, number];
  readonly core: number;
  readonly appId: number;
  /** The binary's name. */
  readonly application: string;
  readonly state: string;
  readonly instructions: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** The most packets that waited at once to be taken. */
  readonly packetsWaited: number;
  /** Steps since its timer was set; of those, the part of a step used by the busiest and by all. */
  readonly steps: number;
  /** Cycles of a step, of 200 in a microsecond. Timers of less than 100 us poll. */
  readonly stepCycles: number;
  readonly busiestStep: number;
  readonly averageStep: number;
}

/** What a board is doing, and has done. */
export interface BoardStatus {
  readonly version: number;
  /** Time on the board since it was switched on, in ms. */
  readonly milliseconds: number;
  readonly cores: readonly CoreStatus[];
  /** Cores of the application that was stopped last, as they were then. */
  readonly ended: readonly CoreStatus[];
  readonly packets: number;
  /** Packets that no router entry took. */
  readonly dumped: number;
  /** Commands answered, by name. */
  readonly commands: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
}

const MOST_PROBLEMS = 1000;

/** Code of RTEs that software calls "abort". */
const RTE_ABORT = 9;
/** A timer with a period of this or more, in cycles, gives steps; shorter ones poll. */
export const STEP_CYCLES = 20_000;

/** A board without its sockets: chips, cores and the monitor's model. */
export class Emulator {
  readonly machine: Machine;
  readonly monitor: Monitor;
  readonly problems: Problem[] = [];
  private readonly options: EmulatorOptions;
  private readonly told = new Set<string>();
  private clock = -1;
  private ended: CoreStatus[] = [];

  constructor(options: EmulatorOptions) {
    this.options = options;
    const topology = topologyOf(options.version);
    this.machine = new Machine(
      topology,
      {
        called: (chip) => this.monitor.called(chip),
        failed: (chip, core, error, pc) => this.failed(chip, core, error, pc),
        faulted: (chip, core, fault) => this.faulted(chip, core, fault),
      },
      options.core ?? {},
    );
    const facts = {
      version: options.version,
      width: topology.width,
      height: topology.height,
      chips: topology.chips.length,
      ip: options.ip,
      time: options.time,
    };
    this.monitor = new Monitor(this.machine, facts, options.uplink, {
      problem: (problem) => this.problem(problem),
      command: options.onCommand,
      stopping: (chip, core) => this.keep(this.coreStatus(chip, core)),
    });
  }

  /** Whether nothing happens any more unless the host asks for it. */
  get asleep(): boolean {
    return this.machine.due === Infinity && !this.monitor.waiting;
  }

  /** Whether some core simulates in steps (and does not only poll or wait). */
  get stepping(): boolean {
    return this.machine.chips.some(({ processors }) =>
      processors.some(({ live, timers }) => live && timers.first.counting && timers.first.period >= STEP_CYCLES),
    );
  }

  /** Whether some core has something to do, or simulates: not those that only poll, as monitors do all the time. */
  get working(): boolean {
    return this.machine.chips.some(({ processors }) =>
      processors.some(({ live, asleep, timers: { first } }) =>
        first.counting ? live && first.period >= STEP_CYCLES : live && !asleep,
      ),
    );
  }

  /** Up to `limit` cycles, as long as `more` says so; false: nothing happens before the limit. */
  run(limit: number, more: () => boolean): boolean {
    do {
      if (!this.machine.slice(limit)) {
        if (!this.monitor.waiting || this.machine.now >= limit) return false;
        // Mail waits for a core that sleeps: time goes on until it is taken, or too late.
        this.machine.now += 200;
      }
      this.tick();
      this.monitor.serve();
    } while (more());
    return true;
  }

  status(): BoardStatus {
    const cores = this.machine.chips.flatMap((chip) =>
      chip.processors.flatMap((processor, core) =>
        core > 0 && this.appOf(chip, core) !== 0 ? [this.coreStatus(chip, core)] : [],
      ),
    );
    return {
      version: this.options.version,
      milliseconds: this.machine.now / CYCLES_PER_MS,
      cores,
      ended: [...this.ended],
      packets: this.machine.packets,
      dumped: this.machine.chips.reduce((sum, { router }) => sum + router.dumped, 0),
      commands: { ...this.monitor.counts },
      problems: [...this.problems],
    };
  }

  private keep(status: CoreStatus): void {
    const same = ({ appId, chip, core }: CoreStatus): boolean =>
      appId === status.appId && (chip[0] !== status.chip[0] || chip[1] !== status.chip[1] || core !== status.core);
    this.ended = [...this.ended.filter(same), status];
  }

  private appOf(chip: Chip, core: number): number {
    return chip.getByte(vcpuOf(core) + vcpu.appId);
  }

  private coreStatus(chip: Chip, core: number): CoreStatus {
    const { core: cpu, meter, comms } = chip.processors[core];
    const block = vcpuOf(core);
    const name = new TextDecoder().decode(chip.bytes(block + vcpu.name, 16)).replace(/\0.*$/s, "");
    return {
      chip: [chip.x, chip.y],
      core,
      appId: this.appOf(chip, core),
      application: name,
      state: STATES[chip.getByte(block + vcpu.state) & 15],
      instructions: cpu.instructions,
      packetsSent: comms.counts.sent,
      packetsReceived: comms.counts.received,
      packetsWaited: comms.counts.waited,
      steps: meter.steps,
      stepCycles: meter.period,
      busiestStep: meter.period > 0 ? meter.most / meter.period : 0,
      averageStep: meter.steps > 0 ? meter.total / meter.steps / meter.period : 0,
    };
  }

  private tick(): void {
    const milliseconds = Math.floor(this.machine.now / CYCLES_PER_MS);
    if (milliseconds === this.clock) return;
    this.clock = milliseconds;
    this.monitor.setClock(milliseconds);
  }

  /** What comes again and again is told once. */
  private problem(problem: Problem): void {
    const { kind, chip, core, message } = problem;
    const key = [kind, ...chip, core, message].join();
    if (this.told.has(key) || this.told.size >= MOST_PROBLEMS) return;
    this.told.add(key);
    this.problems.push(problem);
    this.options.onProblem(problem);
  }

  /** A core that did what the board does not model looks to the host like one with a run time error. */
  private failed(chip: Chip, core: number, error: Unmodelled, pc: number): void {
    crash(chip, core, chip.processors[core].core.dump());
    this.machine.liveChanged();
    this.problem({ kind: "register", chip: [chip.x, chip.y], core, message: error.message, hint: error.hint, pc });
  }

  private faulted(chip: Chip, core: number, fault: Fault): void {
    const where = fault.address === undefined ? "" : `, ${fault.reason ?? ""} address ${hex(fault.address)}`;
    const message = `${fault.kind}: instruction ${hex(fault.word, fault.thumb ? 4 : 8)}${where}`;
    this.problem({ kind: "fault", chip: [chip.x, chip.y], core, message, pc: fault.pc });
  }
}

/** Registers and state as SARK leaves them after a run time error. */
function crash(chip: Chip, core: number, registers: Registers): void {
  const block = vcpuOf(core);
  for (let i = 0; i < 8; i++) chip.set(block + vcpu.registers + 4 * i, registers.r[i]);
  chip.set(block + vcpu.psr, registers.cpsr);
  chip.set(block + vcpu.sp, registers.r[13]);
  chip.set(block + vcpu.lr, registers.r[14]);
  chip.setByte(block + vcpu.rteCode, RTE_ABORT);
  chip.setByte(block + vcpu.state, STATE.error);
}
