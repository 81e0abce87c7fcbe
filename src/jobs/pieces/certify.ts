import type { Piece, PieceContext, PieceResult } from "../../cluster/executor.ts";
import { referenceEngine, referenceEngine32 } from "../../engines/reference/index.ts";
import type { Engine } from "../../network/engine.ts";
import { type Certificate, certifyNetworks, type Exhibit } from "../../simulators/certificate.ts";
import { type FuzzOptions, randomSubjects } from "../../simulators/fuzz.ts";
import { joinCertificates } from "../../simulators/join-certificates.ts";
import type { Settings } from "../../simulators/names.ts";
import { openSimulator } from "../../simulators/open.ts";

/** So many networks are a piece, wherever it runs: the names of pieces, and so a job that is begun, depend on it. */
const NETWORKS_PER_PIECE = 100;

/** What all parts of a series have in common. */
export interface SeriesInput {
  readonly series: FuzzOptions;
  /** Of each network. */
  readonly states: number;
  readonly judges: readonly { readonly name: string; readonly settings: Settings }[];
  readonly precision: "float32" | "float64";
  readonly generators?: boolean;
  readonly spikes?: boolean;
}

interface PartInput extends SeriesInput {
  readonly from: number;
  readonly to: number;
}

interface Part {
  readonly certificate: Certificate;
  /** Of the first part, and of those with a mismatch. */
  readonly exhibit: Exhibit | null;
}

/** The first `count` networks of a series, in parts. */
export function certifyPieces(count: number, shared: SeriesInput): Omit<Piece, "cpus">[] {
  return Array.from({ length: Math.ceil(count / NETWORKS_PER_PIECE) }, (_, k) => {
    const [from, to] = [k * NETWORKS_PER_PIECE, Math.min(count, (k + 1) * NETWORKS_PER_PIECE)];
    return { id: `networks-${from}-${to - 1}`, kind: "certify", input: { ...shared, from, to } satisfies PartInput };
  });
}

/** The certificate of all parts, and the decision that its page shows: the first, or the first in which a spike differs. */
export function certificateOf(results: readonly PieceResult[]): { certificate: Certificate; exhibit?: Exhibit } {
  const parts = results.map(({ value }) => value as Part);
  const shown = parts.find(({ exhibit }) => exhibit?.mismatch)?.exhibit ?? parts[0].exhibit;
  return { certificate: joinCertificates(parts.map(({ certificate }) => certificate)), exhibit: shown ?? undefined };
}

/** Judges of this process: opened once for all its parts. */
const open = new Map<string, Promise<Engine[]>>();

export async function performCertify(input: unknown, context: PieceContext): Promise<Part> {
  const { series, states, judges, precision, generators, spikes, from, to } = input as PartInput;
  const { signal, onProgress, onWarning } = context;
  const key = JSON.stringify(judges);
  const [simulator, ...others] = await (open.get(key) ?? openAll(key, judges, onWarning));
  // A run inside a simulator takes seconds; the end of its process ends it at once. It is opened anew where it is needed again.
  const close = (): void => void closeAll(key);
  signal.addEventListener("abort", close);
  let exhibit: Exhibit | null = null;
  try {
    const certificate = await certifyNetworks(randomSubjects(from, to, states, series), to - from, {
      ...{ simulator, others, generators, spikes, seed: series.seed, signal, onProgress },
      engine: precision === "float64" ? referenceEngine : referenceEngine32,
      onExhibit: (decision) => (exhibit = decision),
    });
    return { certificate, exhibit: from === 0 || shows(exhibit) ? exhibit : null };
  } catch (error) {
    signal.throwIfAborted();
    // The worker may be what failed: the next part does not inherit it.
    await closeAll(key);
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

const shows = (exhibit: Exhibit | null): boolean => exhibit?.mismatch != null;

function openAll(key: string, judges: SeriesInput["judges"], onWarning: (line: string) => void): Promise<Engine[]> {
  const opened = (async () => {
    const engines: Engine[] = [];
    try {
      for (const { name, settings } of judges) engines.push(await openSimulator(name, { settings, onWarning }));
      return engines;
    } catch (error) {
      open.delete(key);
      await Promise.all(engines.map(async (engine) => engine.close()));
      throw error;
    }
  })();
  open.set(key, opened);
  return opened;
}

async function closeAll(key: string): Promise<void> {
  const engines = await open.get(key)?.catch(() => []);
  open.delete(key);
  await Promise.all((engines ?? []).map(async (engine) => engine.close()));
}
