// The extras of the Python side: what each is for, its lock, and what to look for in an interpreter that is not ours.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./home.mjs";

/** What the bridge itself needs, whatever it serves. */
export const core = [
  { module: "zmq", distribution: "pyzmq", minimum: "22" },
  { module: "msgpack", distribution: "msgpack", minimum: "1.0" },
  { module: "numpy", distribution: "numpy", minimum: "1.20" },
];

/**
 * Every extra's lock is consistent with all others, so any set of them installs into one environment. `needs` names what an
 * interpreter of the user's must have: module, distribution on PyPI, lowest version that works (null: any). `megabytes` is
 * the disk space of an installation.
 */
export const extras = {
  base: {
    summary: "the bridge and Gymnasium",
    megabytes: 160,
    needs: [...core, { module: "gymnasium", distribution: "gymnasium", minimum: "1.0" }],
  },
  nest: {
    summary: "the NEST simulator",
    megabytes: 200,
    needs: [{ module: "nest", distribution: "nest-simulator", minimum: "3.0" }],
  },
  pynn: { summary: "PyNN", megabytes: 120, needs: [{ module: "pyNN", distribution: "PyNN", minimum: "0.12" }] },
  spinnaker: {
    summary: "sPyNNaker",
    megabytes: 150,
    needs: [{ module: "spynnaker", distribution: "sPyNNaker", minimum: "7.0" }],
  },
  atari: {
    summary: "Atari environments",
    megabytes: 180,
    needs: [
      { module: "ale_py", distribution: "ale-py", minimum: "0.10" },
      { module: "cv2", distribution: "opencv-python-headless", minimum: null },
    ],
  },
  box2d: {
    summary: "LunarLander and the other Box2D environments",
    megabytes: 20,
    needs: [{ module: "Box2D", distribution: "box2d", minimum: "2.3.10" }],
  },
  mujoco: {
    summary: "MuJoCo environments",
    megabytes: 120,
    needs: [
      { module: "mujoco", distribution: "mujoco", minimum: "2.1.5" },
      { module: "imageio", distribution: "imageio", minimum: null },
    ],
  },
  minatar: {
    summary: "MinAtar's games",
    megabytes: 300,
    needs: [{ module: "minatar", distribution: "MinAtar", minimum: "1.0.15" }],
  },
  envpool: {
    summary: "EnvPool's Atari games; not for Python 3.10",
    megabytes: 850,
    needs: [{ module: "envpool", distribution: "envpool", minimum: "1.0" }],
  },
  ray: {
    summary: "Ray: work on several machines (docs/cluster.md)",
    megabytes: 300,
    needs: [{ module: "ray", distribution: "ray", minimum: "2.60" }],
  },
  test: {
    summary: "tests and linter of the Python side",
    megabytes: 50,
    needs: [
      { module: "pytest", distribution: "pytest", minimum: "7" },
      { module: "ruff", distribution: "ruff", minimum: null },
    ],
  },
  notebooks: {
    summary: "Jupyter without windows: executes notebooks",
    megabytes: 150,
    needs: [
      { module: "nbconvert", distribution: "nbconvert", minimum: null },
      { module: "ipykernel", distribution: "ipykernel", minimum: null },
    ],
  },
  lab: {
    summary: "JupyterLab, to open the notebooks in",
    megabytes: 120,
    needs: [{ module: "jupyterlab", distribution: "jupyterlab", minimum: "4" }],
  },
};

export const extraNames = Object.keys(extras);

/** @param {string} extra */
export const lockFile = (extra) => path.join(root, "py-bridge", "locks", `${extra}.txt`);

/** @param {string} extra */
export const lockHash = (extra) =>
  createHash("sha256")
    .update(readFileSync(lockFile(extra)))
    .digest("hex");

/**
 * The pins of an extra's lock: name, version, and the environment marker under which it holds.
 *
 * @param {string} extra
 * @returns {{ name: string, version: string, marker: string }[]}
 */
export function pins(extra) {
  const lines = readFileSync(lockFile(extra), "utf8").matchAll(
    /^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)[ ]*(?:;[ ]*([^\\\n]*?))?[ ]*\\?$/gm,
  );
  return Array.from(lines, ([, name, version, marker = ""]) => ({ name, version, marker }));
}
