import { availableParallelism } from "node:os";

/** @type {import("jest").Config} */
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "^.+\\.ts$": ["ts-jest", { useESM: true, tsconfig: "tsconfig.check.json", diagnostics: false }] },
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": ["$1.js", "$1.ts"] },
  // Starting a Python worker on a busy machine takes its time; what hangs, hangs for longer.
  testTimeout: 180_000,
  // Much of it waits, for time-outs and for processes that end: others may work meanwhile.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  // Packages in the managed home have names of their own.
  modulePathIgnorePatterns: ["<rootDir>/\\.dsqn/", "<rootDir>/runs/", "<rootDir>/dist/"],
  testMatch: ["<rootDir>/tests/**/*.test.ts"],
};
