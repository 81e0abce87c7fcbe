import { readFileSync } from "node:fs";
import type { EpisodeEntry, EvaluationEntry } from "../learning/learning-curve.ts";

/** The learning curve and the greedy evaluations from a run's `progress.jsonl`. */
export function readTrainingLog(path: string): { returns: number[]; evaluations: { episode: number; mean: number }[] } {
  const returns: number[] = [];
  const evaluations: { episode: number; mean: number }[] = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line === "") continue;
    const entry = JSON.parse(line) as ({ kind: "episode" } & EpisodeEntry) | ({ kind: "evaluation" } & EvaluationEntry);
    if (entry.kind === "episode") returns.push(entry.return);
    else if (entry.kind === "evaluation") evaluations.push({ episode: entry.episode, mean: entry.mean });
  }
  return { returns, evaluations };
}
