// environment.yml: for conda users, the pins that the locks hold for one Python version.
import { extraNames, pins } from "../../src/setup/extras.mjs";

export const CONDA_PYTHON = "3.11";

/** Extras so large that one asks for them by name. */
const APART = ["envpool", "ray"];

/** Whether a marker on `python_full_version` alone, as the locks carry them, holds for Python `minor`. */
function holds(marker, minor) {
  const [a, b] = minor.split(".").map(Number);
  const value = a * 100 + b;
  return marker.split(" and ").every((clause) => {
    const [, operator, version] = /^python_(?:full_)?version (<|<=|>=|>|==) '(\d+\.\d+)(?:\.\*)?'$/.exec(clause) ?? [];
    if (!operator) return false;
    const [c, d] = version.split(".").map(Number);
    const other = c * 100 + d;
    return {
      "<": value < other,
      "<=": value <= other,
      ">=": value >= other,
      ">": value > other,
      "==": value === other,
    }[operator];
  });
}

/** The version that the locks pin for `name` under Python `minor`, or undefined. */
export function pinned(name, minor) {
  const normal = (text) => text.toLowerCase().replace(/[-_.]+/g, "-");
  for (const extra of extraNames)
    for (const pin of pins(extra))
      if (normal(pin.name) === normal(name) && (pin.marker === "" || holds(pin.marker, minor))) return pin.version;
  return undefined;
}

/**
 * @param {Record<string, string[]>} requirements of each extra, as in pyproject.toml
 */
export function environmentYaml(requirements) {
  const lines = [
    "# Made by scripts/lock.mjs: the direct requirements at the locks' versions. All else in one go:",
    "#   conda env create -f environment.yml && export DSQN_PYTHON=$(conda run -n dsqn which python)",
    "name: dsqn",
    "channels: [conda-forge, nodefaults]",
    "dependencies:",
    `  - python=${CONDA_PYTHON}`,
    "  - pip",
    "  - pip:",
  ];
  for (const extra of extraNames.filter((name) => !APART.includes(name))) {
    lines.push(`      # ${extra}`);
    for (const requirement of requirements[extra]) {
      const [, name, brackets = ""] = /^([\w.-]+)(\[[^\]]*\])?/.exec(requirement);
      lines.push(`      - ${name}${brackets}==${pinned(name, CONDA_PYTHON)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
