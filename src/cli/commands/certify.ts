import { Option } from "commander";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { loadReplayStates } from "../../learning/replay-states.ts";
import { UsageError } from "../../errors.ts";
import { writeFileAtomic, writeJsonAtomic } from "../../files/atomic.ts";
import { mayReplace } from "../../files/outputs.ts";
import { loadModel } from "../../network/file/model.ts";
import { isSpiking, kindOf, observationSize } from "../../network/network.ts";
import { type LaggedLif, type NeuronKind, neuronModels } from "../../network/neurons/index.ts";
import { Random } from "../../numeric/random.ts";
import { certifyNetworks, type Exhibit, type Subject } from "../../simulators/certificate.ts";
import { randomNetwork, randomStates } from "../../simulators/fuzz.ts";
import { exampleObservations } from "../../simulators/inputs.ts";
import { simulators } from "../../simulators/names.ts";
import { openSimulator } from "../../simulators/open.ts";
import { renderCertificate } from "../../simulators/render.ts";
import { withOptions } from "../../engines/forward.ts";
import { referenceEngine } from "../../engines/reference/index.ts";
import { boardFlags, boardSettingsFrom, type BoardFlags } from "../flags/board.ts";
import { command } from "../command.ts";
import { integer } from "../flags/options.ts";

interface Options extends BoardFlags {
  random?: number;
  simulator: string;
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

export default command<Options>({
  name: "certify",
  configure(parser) {
    boardFlags(
      parser
        .argument("[models...]", "spiking networks (.safetensors)")
        .option("--random <n>", "instead: n random networks that use every option there is", integer(1))
        .addOption(
          new Option("--neuron <kind>", "of random networks (default: lagged-lif)").choices(Object.keys(neuronModels)),
        )
        .addOption(new Option("--simulator <name>", "the judge").choices(Object.keys(simulators)).default("nest"))
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
    ).addHelpText(
      "after",
      `
Examples:
  dsqn certify models/cartpole-dqn-converted.safetensors --out certificate.json
  dsqn certify --random 1000 --simulator nest --reset subtraction
  dsqn certify --random 1000 --neuron lif
  dsqn certify models/cartpole-dqn-converted.safetensors --simulator spinnaker --board-host 192.168.240.1 --board-version 5`,
    );
  },
  async run(models, options, { print, progress, signal, log }) {
    const { random, seed, out, generators } = options;
    if ((models.length === 0) === (random === undefined))
      throw new UsageError("BAD_ARGUMENT", "Name models, or a number of random networks.", {
        hint: "dsqn certify MODEL... or dsqn certify --random N",
      });
    if (random === undefined && options.neuron !== undefined)
      throw new UsageError("BAD_ARGUMENT", "--neuron is for random networks; a model has its own.");
    const settings = { ...boardSettingsFrom(options, options.simulator) };
    const subjects =
      random === undefined
        ? await Promise.all(models.map((path) => modelSubject(path, options)))
        : randomSubjects(random, options);
    if (out !== undefined) mayReplace(pageOf(out));
    let exhibit: Exhibit | undefined;
    let opened = false;
    const simulator = await openSimulator(options.simulator, {
      settings,
      // Once it runs, the count of networks says more than the states of each.
      onProgress: (report) => void ((opened && random !== undefined) || progress(report)),
      onWarning: log,
      signal,
    });
    opened = true;
    const close = (): void => void simulator.close();
    signal.addEventListener("abort", close);
    try {
      const certificate = await certifyNetworks(subjects, random ?? models.length, {
        simulator,
        engine: referenceEngine,
        steps: random === undefined ? options.steps : undefined,
        seed,
        generators,
        onExhibit: (decision) => (exhibit = decision),
        onProgress: progress,
        signal,
      });
      if (out !== undefined) {
        await writeJsonAtomic(out, certificate);
        const page = pageOf(out);
        const { renderCertificatePage } = await import("../../report/certificate.ts");
        await writeFileAtomic(page, renderCertificatePage({ certificate, exhibit, command: again(models, options) }));
        log(`certificate ${out}, to be read in ${page}`);
      }
      print(certificate, renderCertificate);
      return certificate.passed ? 0 : 1;
    } finally {
      signal.removeEventListener("abort", close);
      await simulator.close();
    }
  },
});

/** Beside a certificate the page for people. */
const pageOf = (out: string): string => `${out.replace(/\.json$/, "")}.html`;

/** The command that makes the same certificate. */
function again(models: readonly string[], options: Options): string {
  const { random, neuron, simulator, reset, steps, states, replay, leaky, convolution, generators, seed } = options;
  const values = { random, neuron, simulator, reset, steps, states, replay, seed };
  const switches = { leaky, convolution, generators };
  return [
    "dsqn certify",
    ...models,
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${value}`])),
    ...Object.entries(switches).flatMap(([name, on]) => (on ? [`--${name}`] : [])),
  ].join(" ");
}

function* randomSubjects(
  count: number,
  { seed, neuron, reset, steps, leaky, convolution, states = 3 }: Options,
): Generator<Subject> {
  for (let index = 0; index < count; index++) {
    const fuzz = { seed, neuron, reset, steps, leaky, convolution };
    const network = randomNetwork(index, fuzz);
    yield {
      name: `random ${seed}/${index}`,
      network,
      inputs: randomStates(network, index, states, fuzz),
      source: "random",
    };
  }
}

async function modelSubject(path: string, { reset, states = 100, replay, seed }: Options): Promise<Subject> {
  const { network: loaded, sha256 } = await loadModel(path);
  if (!isSpiking(loaded))
    throw new UsageError(
      "MODEL_KIND",
      `"${path}" is a ${kindOf(loaded)} network; there is nothing to compare spike for spike.`,
      {
        hint: `dsqn convert ${path} makes a spiking network of it.`,
      },
    );
  const network = withOptions(loaded, { reset });
  const folder = replay ?? ownReplay(path);
  const size = observationSize(network);
  const random = Random.stream(seed, "states");
  const name = basename(path, ".safetensors");
  if (folder === undefined)
    return {
      name,
      network,
      sha256,
      source: "random",
      inputs: exampleObservations(network, states, random),
    };
  const visited = await loadReplayStates(folder, size);
  const count = visited.length / size;
  const chosen = random.shuffle(Array.from({ length: count }, (_, i) => i)).slice(0, states);
  const inputs = new Float32Array(chosen.length * size);
  chosen.forEach((i, k) => inputs.set(visited.subarray(i * size, (i + 1) * size), k * size));
  return {
    name,
    network,
    sha256,
    source: "visited",
    inputs,
  };
}

/** models/cartpole-dqn-converted has its states in models/cartpole-dqn-replay. */
function ownReplay(path: string): string | undefined {
  const stem = basename(path, ".safetensors").replace(/-converted$/, "");
  const folder = join(dirname(path), `${stem}-replay`);
  return existsSync(folder) ? folder : undefined;
}
