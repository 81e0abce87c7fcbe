import { createHash } from "node:crypto";
import { type PlainObject } from "../../src/learning/config.ts";
import { webPresets } from "../../src/web/train.ts";

/**
 * What training in a native world comes to, on every Node from 20 to 26 and in a browser: SHA-256 of the learning curve as JSON, and of the
 * chosen network's model file. A difference means that a seed no longer has one curve.
 */
export interface RecordedRun {
  readonly config: PlainObject;
  readonly curve: string;
  readonly model: string;
}

const dsqn = { ...webPresets["cartpole-dsqn"], seed: 1 };

/** The first 90 episodes: some seconds. */
export const shortRun: RecordedRun = {
  config: { ...dsqn, episodes: 90 },
  curve: "c086b59354d1253b9740aba50aac6cf0a7ff1403b6349cca360ac05d0fbf6800",
  model: "5de8fa166df07baa5ab93b1b35bbf889901e129da81d00bda21130766c61ed87",
};

/** All of `dsqn train cartpole-dsqn --seed 1 --worlds native`, to the confirmed score. */
export const wholeRun: RecordedRun = {
  config: dsqn,
  curve: "4fa1b87e800e0282676a37d8daf857778673a2e398aa0a835c581e6bfd15b215",
  model: "406d7b2e2e7c062f0f94789c96abce5f8f08bd23d84280471dc937cebd88afcd",
};

export const hashOf = (data: Uint8Array | readonly object[]): string =>
  createHash("sha256")
    .update(data instanceof Uint8Array ? data : JSON.stringify(data))
    .digest("hex");
