import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { contentSecurityPolicy, headers } from "../../src/web/site/policy.ts";
import { servePages, type Served } from "../../src/web/site/serve.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = mkdtempSync(path.join(tmpdir(), "dsqn-serve-"));
const folder = path.join(home, "site");
let served: Served;

beforeAll(async () => {
  mkdirSync(path.join(folder, "data"), { recursive: true });
  writeFileSync(path.join(folder, "index.html"), "<!doctype html>");
  writeFileSync(path.join(folder, "data", "a b.json"), "{}");
  writeFileSync(path.join(home, "secret.txt"), "secret");
  symlinkSync(path.join(home, "secret.txt"), path.join(folder, "link.txt"));
  served = await servePages(folder);
});
afterAll(async () => {
  await served.close();
  rmSync(home, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

/** As it is written: fetch would tidy the path up, and name the host itself. */
function get(target: string, { host = new URL(served.url).host, method = "GET" } = {}): Promise<Answer> {
  const { hostname, port } = new URL(served.url);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, path: target, method, headers: { host } }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts).toString() }),
      );
    });
    call.on("error", reject);
    call.end();
  });
}

describe("the server of the pages", () => {
  it("sends a file with its type, and the policy with everything", async () => {
    for (const [target, type] of [
      ["/", "text/html"],
      ["/data/a%20b.json?x=1", "application/json"],
      ["/nothing", "text/plain"],
    ]) {
      const answer = await get(target);
      expect(answer.headers["content-type"]).toContain(type);
      for (const [name, value] of Object.entries(headers)) expect(answer.headers[name.toLowerCase()]).toBe(value);
    }
    expect((await get("/")).status).toBe(200);
    expect((await get("/nothing")).status).toBe(404);
    expect((await get("/", { method: "HEAD" })).body).toBe("");
  });

  it("gives nothing from outside its folder, whatever the path says", async () => {
    for (const target of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/data/../../secret.txt",
      "/..%2fsecret.txt",
      "/link.txt",
      "/%00",
      "/%",
      "/data",
    ]) {
      const { status, body } = await get(target);
      expect([target, status]).toEqual([target, 404]);
      expect(body).not.toContain("secret");
    }
  });

  it("answers this machine alone, under its own name, and takes nothing", async () => {
    expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    expect((await get("/", { host: "evil.example" })).status).toBe(421);
    expect((await get("/", { host: "localhost:1" })).status).toBe(200);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get("/", { method })).status).toBe(405);
  });

  it("refuses a port that is taken, or that there is not", async () => {
    const port = Number(new URL(served.url).port);
    await expect(servePages(folder, port)).rejects.toMatchObject({ code: "PORT_TAKEN" });
    await expect(servePages(folder, 70_000)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });

  it("has a policy that names no other host", () => {
    const sources = contentSecurityPolicy.split("; ").flatMap((rule) => rule.split(" ").slice(1));
    expect(new Set(sources)).toEqual(new Set(["'none'", "'self'", "'wasm-unsafe-eval'"]));
  });
});

describe("dsqn web", () => {
  const dsqn = (...words: string[]) => spawn(process.execPath, ["scripts/dsqn.mjs", "web", ...words], { cwd: root });
  const ended = (child: ReturnType<typeof dsqn>): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      let [out, err] = ["", ""];
      child.stdout.on("data", (part) => (out += String(part)));
      child.stderr.on("data", (part) => (err += String(part)));
      child.on("close", (code) => resolve({ code, out, err }));
    });

  it("writes pages whose every address is relative, again over its own, and never over other files", async () => {
    const out = path.join(home, "pages");
    const first = await ended(dsqn("--out", out, "--json"));
    expect([first.code, first.err]).toEqual([0, ""]);
    const { files } = JSON.parse(first.out) as { files: { name: string; bytes: number }[] };
    for (const name of ["index.html", "train.html", "convert.html", "certificate.html"]) {
      const page = readFileSync(path.join(out, name), "utf8");
      const addresses = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address);
      for (const address of addresses.filter((one) => !one.startsWith("#")))
        expect(files.map((file) => file.name)).toContain(address);
      expect(page).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/);
    }
    expect((await ended(dsqn("--out", out))).code).toBe(0);
    const others = path.join(home, "others");
    mkdirSync(others);
    writeFileSync(path.join(others, "thesis.tex"), "mine");
    const refused = await ended(dsqn("--out", others, "--json"));
    expect([refused.code, refused.out]).toEqual([2, expect.stringContaining("OUTPUT_TAKEN")]);
    expect(readFileSync(path.join(others, "thesis.tex"), "utf8")).toBe("mine");
  });

  it("serves until it is interrupted", async () => {
    const child = dsqn("--port", "0", "--json");
    const end = ended(child);
    const { url } = await new Promise<{ url: string }>((resolve) =>
      child.stdout.on("data", (part) => resolve(JSON.parse(String(part)) as { url: string })),
    );
    const page = await fetch(`${url}certificate.html`);
    expect(await page.text()).toContain("<title>");
    child.kill("SIGINT");
    await end;
    await expect(fetch(url)).rejects.toThrow();
  });
});
