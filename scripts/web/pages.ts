// Part of npm run build: the pages of `dsqn web`, bundled, for the package to bring (dist/web), and the script of reports.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundlePages } from "../../src/web/site/build.ts";
import { bundleStepper } from "../../src/web/site/stepper.ts";

const folder = fileURLToPath(new URL("../../dist/web", import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await bundlePages(folder);
writeFileSync(`${folder}/stepper.txt`, await bundleStepper());
