import { Option } from "commander";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { type NirDialect, nirDialects } from "../../formats/nir/options.ts";
import type { Engine } from "../../network/engine.ts";
import { type LaggedLif, type NeuronKind, neuronModels } from "../../network/neurons/index.ts";
import { type Certificate, certifyNetworks, type Exhibit } from "../../simulators/certificate.ts";
import { type FuzzOptions, randomSubjects } from "../../simulators/fuzz.ts";
import { simulators } from "../../simulators/names.ts";
import { openSimulator } from "../../simulators/open.ts";
import { renderCertificate } from "../../simulators/render.ts";
import { referenceEngine, referenceEngine32 } from "../../engines/reference/index.ts";
import { boardFlags, boardSettingsFrom, type BoardFlags } from "../flags/board.ts";
import { jobFolder, onExecutor, onFlags, type OnFlags } from "../flags/on.ts";
import { command, type Context } from "../command.ts";
import { placeable } from "../flags/place.ts";
import { choice, integer, real } from "../flags/options.ts";
import { type Read, readSubject } from "../subjects.ts";

interface Options extends BoardFlags, OnFlags {
  random?: number;
  simulator?: string[];
  against?: string;
  data?: string;
  precision: "float32" | "float64";
  spikes?: boolean;
  dialect?: NirDialect;
  dt?: number;
  neuron?: NeuronKind;
  reset?: LaggedLif["reset"];
  steps?: number;
  states?: number;
  replay?: string;
  leaky?: boolean;
  convolution?: boolean;
  generators?: boolean;
  seed: number;
  out?: string;
}

const main = command<Options>({
  name: "certify",
  configure(parser) {
    const flags = boardFlags(
      parser
        .argument("[models...]", "spiking networks: .safetensors, .nir, or files of export_torch")
        .option("--random <n>", "instead: n random networks that use every option there is", integer(1))
        .addOption(
          new Option("--neuron <kind>", "of random networks (default: lagged-lif)").choices(Object.keys(neuronModels)),
        )
        .option(
          "--simulator <names>",
          `the judge, or several with commas, a column each (default: nest): ${Object.keys(simulators).join(", ")}`,
          (text) => text.split(",").map((name) => choice(...Object.keys(simulators))(name.trim())),
        )
        .option("--against <file>", "spikes that a framework or chip made: of export_torch, .npz or NIRData (.nir)")
        .option(
          "--data <file>",
          "states [states, ...], or input that changes [steps, states, ...] (.npz with x, NIRData)",
        )
        .addOption(new Option("--precision <type>", "of our side").choices(["float32", "float64"]).default("float64"))
        .option("--spikes", "keep the simulator's spikes in the certificate, not their hashes alone")
        .addOption(new Option("--dialect <name>", "of a .nir network (docs/nir.md)").choices(nirDialects))
        .option("--dt <seconds>", "of a .nir network or NIRData with events: a step", real(0))
        .addOption(
          new Option("--reset <kind>", "instead of each network's own; zero is a reset of lif to 0").choices([
            "subtraction",
            "zero",
          ]),
        )
        .option("--steps <T>", "time steps, instead of each network's own", integer(1))
        .option("--states <n>", "states per network (default: 100, random networks 3)", integer(1))
        .option("--replay <folder>", "visited states; without it those of the model's own replay, else random ones")
        .option("--leaky", "random networks with leak and synaptic currents, whose potentials agree to 1e-12")
        .option("--convolution", "random networks that begin with convolutions")
        .option("--generators", "observations enter through weighted generators inside the simulator")
        .option("--seed <n>", "of networks, states and Poisson input", integer(), 0)
        .option("--out <file>", "where to write the certificate (JSON); a page for people goes beside it (.html)"),
    );
    onFlags(flags, "parts of --random").addHelpText(
      "after",
      `
Examples:
  dsqn certify models/cartpole-dqn-converted.safetensors --out certificate.json
  dsqn certify --random 1000 --simulator nest --reset subtraction
  dsqn certify --random 1000 --neuron lif
  dsqn certify --random 100000 --on slurm --job runs/hundred-thousand --out certificate.json
  dsqn certify ../shared/networks/sj-if-soft.json --against ../shared/networks/sj-if-soft.json --simulator nest,pynn-nest
  dsqn certify models/cartpole-dqn-converted.safetensors --simulator spinnaker --board-host 192.168.240.1 --board-version 5`,
    );
  },
  async run(models, options, { print, progress, signal, log, ...context }) {
    const { random, seed, out, generators, against, spikes } = options;
    refuseUnclear(models, options);
    let read: readonly Read[] = [];
    const finish = async (certificate: Certificate, exhibit?: Exhibit): Promise<number> => {
      if (out !== undefined) {
        await writeJsonAtomic(out, certificate);
        const page = pageOf(out);
        const { renderCertificatePage } = await import("../../report/certificate.ts");
        const shown = exhibit && read.find(({ subject }) => subject.name === exhibit.name)?.subject;
        const { stepperOf } = await import("../../web/site/stepper.ts");
        const judge = `${certificate.simulator} ${certificate.version}`;
        const stepper = shown && exhibit && (await stepperOf(shown, exhibit, judge));
        const command = again(models, options);
        await writeFileAtomic(page, renderCertificatePage({ certificate, exhibit, command, stepper }));
        log(`certificate ${out}, to be read in ${page}`);
      }
      print(certificate, renderCertificate);
      return certificate.passed ? 0 : 1;
    };
    if (random !== undefined && options.on !== undefined) {
      if (out !== undefined) mayReplace(pageOf(out));
      const joined = await certifyOn(random, options, { print, progress, signal, log, ...context });
      return joined ? finish(joined.certificate, joined.exhibit) : 0;
    }
    const names = options.simulator ?? (against === undefined ? ["nest"] : []);
    if (random === undefined) read = await readAll(models, options);
    const subjects =
      random === undefined
        ? read.map(({ subject }) => subject)
        : randomSubjects(0, random, options.states ?? 3, seriesOf(options));
    if (out !== undefined) mayReplace(pageOf(out));
    let exhibit: Exhibit | undefined;
    const judges = await openAll(names, options, { progress, signal, log });
    const close = (): void => judges.forEach((judge) => void judge.close());
    signal.addEventListener("abort", close);
    try {
      const [simulator, ...others] = judges;
      const certificate = await certifyNetworks(subjects, random ?? read.length, {
        simulator,
        others,
        engine: options.precision === "float64" ? referenceEngine : referenceEngine32,
        steps: random === undefined ? (options.steps ?? read[0].steps) : undefined,
        seed,
        generators,
        spikes,
        versions: Object.assign({}, ...read.map(({ versions }) => versions)) as Record<string, string>,
        assumed: read.flatMap(({ assumed }) => assumed),
        onExhibit: (decision) => (exhibit = decision),
        onProgress: progress,
        signal,
      });
      return await finish(certificate, exhibit);
    } finally {
      signal.removeEventListener("abort", close);
      await Promise.all(judges.map(async (judge) => judge.close()));
    }
  },
});

export default placeable(main);

/** Beside a certificate the page for people. */
const pageOf = (out: string): string => `${out.replace(/\.json$/, "")}.html`;

function refuseUnclear(models: readonly string[], { random, neuron, against, data, on }: Options): void {
  const named = models.length > 0 || against !== undefined;
  if (!named === (random === undefined) || (models.length > 0 && random !== undefined))
    throw new UsageError("BAD_ARGUMENT", "Name models, or a number of random networks.", {
      hint: "dsqn certify MODEL... or dsqn certify --random N",
    });
  if (random === undefined && on !== undefined)
    throw new UsageError(
      "BAD_ARGUMENT",
      "--on is for random networks, which are many; a few models are certified here.",
    );
  if (random === undefined && neuron !== undefined)
    throw new UsageError("BAD_ARGUMENT", "--neuron is for random networks; a model has its own.");
  if (random !== undefined && (against !== undefined || data !== undefined))
    throw new UsageError("BAD_ARGUMENT", "--against and --data are for one network, not for random ones.");
  if (models.length > 1 && (against !== undefined || data !== undefined))
    throw new UsageError("BAD_ARGUMENT", "--against and --data are for one network; several are named.");
}

/** Every network with its states; of several with a recording each has to have as many steps. */
function readAll(models: readonly string[], { dialect, dt, ...options }: Options): Promise<Read[]> {
  const paths = models.length > 0 ? models : [undefined];
  return Promise.all(paths.map((path) => readSubject(path, { ...options, nir: { dialect, dt } })));
}

/** The simulators, one after the other; what is open is closed where one fails. */
async function openAll(
  names: readonly string[],
  options: Options,
  { progress, signal, log }: Pick<Context, "progress" | "signal" | "log">,
): Promise<Engine[]> {
  const judges: Engine[] = [];
  let opened = false;
  try {
    for (const name of names) {
      const settings = { ...boardSettingsFrom(options, name) };
      // Once it runs, the count of networks says more than the states of each.
      const onProgress: typeof progress = (report) =>
        void ((opened && options.random !== undefined) || progress(report));
      judges.push(await openSimulator(name, { settings, onProgress, onWarning: log, signal }));
    }
    opened = true;
    return judges;
  } catch (error) {
    await Promise.all(judges.map(async (judge) => judge.close()));
    throw error;
  }
}

/** The command that makes the same certificate. */
function again(models: readonly string[], options: Options): string {
  const {
    random,
    neuron,
    simulator,
    against,
    data,
    reset,
    steps,
    states,
    replay,
    leaky,
    convolution,
    generators,
    seed,
  } = options;
  const { spikes, dialect, dt, precision } = options;
  const shown = precision === "float64" ? undefined : precision;
  const values = {
    random,
    neuron,
    simulator,
    against,
    data,
    dialect,
    dt,
    precision: shown,
    reset,
    steps,
    states,
    replay,
    seed,
  };
  const switches = { leaky, convolution, generators, spikes };
  return [
    "dsqn certify",
    ...models,
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${String(value)}`])),
    ...Object.entries(switches).flatMap(([name, on]) => (on ? [`--${name}`] : [])),
  ].join(" ");
}

/** The series that the options name. */
function seriesOf({ seed, neuron, simulator, reset, steps, leaky, convolution }: Options): FuzzOptions {
  const everyOption = (simulator ?? ["nest"]).every((name) => name === "nest" || name === "pynn-nest");
  return { seed, neuron, reset, steps, leaky, convolution, everyOption };
}

/** Parts of the series, wherever they run, and the certificate of all. */
async function certifyOn(
  count: number,
  options: Options,
  context: Context,
): Promise<{ certificate: Certificate; exhibit?: Exhibit } | undefined> {
  const { certifyPieces, certificateOf } = await import("../../jobs/pieces/certify.ts");
  const { simulator = ["nest"], precision, generators, spikes, states } = options;
  const judges = simulator.map((name) => ({ name, settings: { ...boardSettingsFrom(options, name) } }));
  const shared = { series: seriesOf(options), states: states ?? 3, judges, precision, generators, spikes };
  const described = { name: "certify", unit: "parts", ...jobFolder(options, "certify") };
  const job = await onExecutor(options, { ...described, pieces: () => certifyPieces(count, shared) }, context);
  return job && certificateOf(job.results);
}
