import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { DsqnError, UsageError } from "../../errors.ts";
import { headers } from "./policy.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};

/** A server of one folder. */
export interface Served {
  /** Where it begins, with a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the files of `folder`, and nothing else, to this machine alone (127.0.0.1). Who asks under another name than this machine's gets
 * nothing: a page elsewhere whose name resolves to 127.0.0.1 could read it otherwise.
 *
 * Errors: PORT_TAKEN, BAD_ARGUMENT.
 */
export async function servePages(folder: string, port = 0): Promise<Served> {
  if (port > 65_535) throw new UsageError("BAD_ARGUMENT", `There is no port ${port}: the last one is 65535.`);
  const root = await realpath(folder);
  const server = createServer((request, response) => void answer(root, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === "EADDRINUSE" || cause.code === "EACCES"
          ? new DsqnError("PORT_TAKEN", `Port ${port} of 127.0.0.1 can't be had (${cause.code}).`, {
              cause,
              hint: "Choose another with --port, or --port 0 for any that is free.",
              facts: { port },
            })
          : cause,
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const end = (status: number, text: string): void => {
    response.writeHead(status, { ...headers, "Content-Type": TYPES[".txt"] }).end(`${text}\n`);
  };
  const { method = "GET", url = "/" } = request;
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "")) return end(421, "Another host's page.");
  if (method !== "GET" && method !== "HEAD") return end(405, "Only to be read.");
  const file = await fileAt(root, url);
  if (file === undefined) return end(404, "There is no such page.");
  response.writeHead(200, {
    ...headers,
    "Content-Type": TYPES[path.extname(file.path)] ?? "application/octet-stream",
    "Content-Length": file.size,
    "Cache-Control": "no-cache",
  });
  if (method === "HEAD") response.end();
  else
    createReadStream(file.path)
      .on("error", () => response.destroy())
      .pipe(response);
}

/** The file that an address names, if it lies in the folder when all links are followed. */
async function fileAt(root: string, url: string): Promise<{ path: string; size: number } | undefined> {
  try {
    const name = decodeURIComponent(url.split(/[?#]/)[0]);
    const wanted = await realpath(path.join(root, name.endsWith("/") ? `${name}index.html` : name));
    if (!wanted.startsWith(`${root}${path.sep}`)) return undefined;
    const found = await stat(wanted);
    return found.isFile() ? { path: wanted, size: found.size } : undefined;
  } catch {
    return undefined;
  }
}
