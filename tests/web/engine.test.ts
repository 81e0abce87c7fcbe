import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadReplay } from "../../src/formats/replay.ts";
import {
  balancedConversion,
  convert,
  encodeModel,
  readModel,
  readReplay,
  serveTraining,
  similarity,
  trainHere,
  trainInWorker,
  type TrainingWorker,
  webPresets,
} from "../../src/web/index.ts";
import { hashOf, shortRun } from "./curve.ts";

const file = (name: string) => readFileSync(fileURLToPath(new URL(`../../models/${name}`, import.meta.url)));
const thrown = (code: string) => expect.objectContaining({ code }) as unknown as Error;

/** A page's end and a worker's end of a channel, in one thread. */
function pair(): { worker: TrainingWorker; scope: Parameters<typeof serveTraining>[0]; close(): void } {
  const { port1, port2 } = new MessageChannel();
  return {
    worker: port1,
    scope: port2 as unknown as Parameters<typeof serveTraining>[0],
    close: () => port1.close(),
  };
}

const quick = { ...webPresets["cartpole-dqn"], seed: 3, episodes: 12 };

describe("learning in a page", () => {
  it("gives the curve and the model that are written down", async () => {
    const { curve, network } = await trainHere(shortRun.config);
    expect(hashOf(curve)).toBe(shortRun.curve);
    expect(hashOf(encodeModel(network))).toBe(shortRun.model);
  });

  it("is the same in a worker, which tells everything", async () => {
    const { worker, scope, close } = pair();
    serveTraining(scope);
    const told = { episodes: [] as object[], evaluations: 0, best: 0, progress: 0 };
    const trained = await trainInWorker(worker, quick, {
      onEpisode: (entry) => told.episodes.push(entry),
      onEvaluation: (_entry, network, best) => {
        told.evaluations += network.layers.length > 0 ? 1 : 0;
        told.best += Number(best);
      },
      onProgress: () => told.progress++,
    });
    close();
    const here = await trainHere(quick);
    expect(told.episodes).toEqual(here.curve);
    expect(told).toMatchObject({ evaluations: here.evaluations.length, progress: here.curve.length });
    expect(told.best).toBeGreaterThan(0);
    expect(trained.curve).toEqual(here.curve);
    expect(hashOf(trained.model)).toBe(hashOf(encodeModel(here.network)));
    expect(readModel(trained.model).network).toEqual(trained.network);
  });

  it("stops when it is told to, and passes errors on as they are", async () => {
    const { worker, scope, close } = pair();
    serveTraining(scope);
    const stop = new AbortController();
    const running = trainInWorker(worker, webPresets["cartpole-dqn"], {
      signal: stop.signal,
      onEpisode: () => stop.abort(),
    });
    await expect(running).rejects.toThrow(thrown("INTERRUPTED"));
    await expect(trainInWorker(worker, { ...quick, gama: 1 })).rejects.toThrow(thrown("CONFIG_INVALID"));
    const elsewhere = { ...quick, environment: { id: "Acrobot-v1" } };
    await expect(trainInWorker(worker, elsewhere)).rejects.toThrow(thrown("WORLD_NOT_NATIVE"));
    await expect(trainInWorker(worker, { ...quick, method: "ppo" })).rejects.toThrow(thrown("CONFIG_INVALID"));
    close();
  });

  it("says so when the worker fails", async () => {
    const target = new EventTarget();
    const worker = Object.assign(target, { postMessage: () => undefined }) as unknown as TrainingWorker;
    const running = trainInWorker(worker, quick);
    target.dispatchEvent(Object.assign(new Event("error"), { message: "out of memory" }));
    await expect(running).rejects.toThrow(thrown("TRAINING_WORKER_LOST"));
  });
});

describe("files in a page", () => {
  it("reads a model with its card, and refuses what is none", () => {
    const [bytes, card] = [file("cartpole-dqn.safetensors"), file("cartpole-dqn.json").toString()];
    const model = readModel(bytes, { card });
    expect(model.card?.sha256).toBe(model.sha256);
    const own = new Uint8Array(bytes).buffer;
    expect(readModel(own).network).toEqual(model.network);
    expect(() => readModel(bytes.subarray(0, 500))).toThrow(thrown("SAFETENSORS_INVALID"));
    expect(() => readModel(bytes, { card: file("mountaincar-dqn.json").toString() })).toThrow(thrown("MODEL_CHECKSUM"));
    expect(() => readModel(bytes, { card: "{}" })).toThrow(thrown("CARD_INVALID"));
    expect(() => readModel(bytes, { card: "{}", source: "x.safetensors" })).toThrow(/card/);
  });

  it("reads a replay, converts with it, and says how alike both act at each T", async () => {
    const folder = "cartpole-dqn-replay";
    const replay = readReplay({
      inputs: file(`${folder}/memory_inputs.npz`),
      facts: file(`${folder}/replay.json`),
    });
    const whole = await loadReplay(fileURLToPath(new URL(`../../models/${folder}`, import.meta.url)));
    expect(replay.states).toEqual(whole.states);
    expect(replay.environment).toBe("CartPole-v1");
    const { network } = readModel(file("cartpole-dqn.safetensors"));
    const states = replay.states.subarray(0, 4 * 500);
    const at = (steps: number) =>
      convert(network, replay.states, { ...balancedConversion, spiking: { steps } }).network;
    const rows = similarity(network, at, states, { steps: [8, 64] });
    expect(rows.map(({ steps }) => steps)).toEqual([8, 64]);
    expect(rows[1].similarity).toBeGreaterThan(0.9);
    expect(rows[1].similarity).toBeGreaterThan(rows[0].similarity);
    expect(rows[1].spikesPerDecision).toBeGreaterThan(rows[0].spikesPerDecision);
    expect(() => similarity(network, at, states.subarray(1), { steps: [8] })).toThrow(thrown("OBSERVATION_MISMATCH"));
  });
});
