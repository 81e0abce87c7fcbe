import path from "node:path";
import { managedHome } from "../../setup/index.mjs";
import { type Built, buildPages } from "../../web/site/build.ts";
import { servePages } from "../../web/site/serve.ts";
import { command } from "../command.ts";
import { integer } from "../flags/options.ts";

interface Options {
  port: number;
  out?: string;
}

export default command<Options>({
  name: "web",
  configure(parser) {
    parser
      .option("--port <n>", "of 127.0.0.1; 0: any that is free", integer(), 8137)
      .option("--out <folder>", "write the pages there, for any host of files, instead of serving them")
      .addHelpText(
        "after",
        `
Nothing that is dropped on a page leaves it: the pages load from their own folder and from nowhere else.

Examples:
  dsqn web
  dsqn web --port 0 --json
  dsqn web --out site`,
      );
  },
  async run(_, { port, out }, { print, log, signal }) {
    const built = await buildPages(path.resolve(out ?? path.join(managedHome(), "web")));
    if (out !== undefined) {
      print({ folder: built.folder, files: built.files }, renderBuilt);
      return 0;
    }
    const served = await servePages(built.folder, port);
    print({ url: served.url, folder: built.folder }, ({ url }) => `pages at ${url}`);
    log("Ctrl-C ends it.");
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await served.close();
    return 0;
  },
});

function renderBuilt({ folder, files }: Built): string {
  const size = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${files.length} files, ${(size / 2 ** 20).toFixed(1)} MiB, in ${folder}: index.html is the first page`;
}
