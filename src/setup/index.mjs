// What the library uses of the set-up (types: index.d.mts).
export { ensurePython, readyPython } from "./environment.mjs";
export { extraNames, extras } from "./extras.mjs";
export { isClone, managedHome, manifest, root } from "./home.mjs";
export { kernelsStale } from "./kernels.mjs";
export { isLocked, withLock } from "./mutex.mjs";
export { checkNode, missingPackages } from "./node.mjs";
export { compareVersions, inspectPython } from "./own-python.mjs";
export { findPython } from "./python.mjs";
export { run, withoutCurrentFolder } from "./process.mjs";
export { checkTfjsPlatform, ensureTfjs, readyTfjs, tfjsVersion, tryTfjs } from "./tfjs.mjs";
