import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { checkNode, installPackages, missingPackages } from "../../src/setup/node.mjs";

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "dsqn-npm-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const json = (name: string, value: unknown) => writeFileSync(path.join(folder, name), JSON.stringify(value));

/** A project that depends on "leaf", as a package file beside it or as `resolved` says. */
function project(resolved: string, integrity: string): void {
  const dependencies = { leaf: resolved.startsWith("file:") ? resolved : "1.0.0" };
  json("package.json", { name: "p", version: "1.0.0", dependencies });
  const packages = {
    "": { name: "p", version: "1.0.0", dependencies },
    "node_modules/leaf": { version: "1.0.0", resolved, integrity },
  };
  json("package-lock.json", { name: "p", version: "1.0.0", lockfileVersion: 3, requires: true, packages });
}

/** Packs a package "leaf" and returns its integrity. */
function leaf(): string {
  mkdirSync(path.join(folder, "leaf"));
  json("leaf/package.json", { name: "leaf", version: "1.0.0" });
  execFileSync("tar", ["-czf", "leaf-1.0.0.tgz", "--transform=s/^leaf/package/", "leaf"], { cwd: folder });
  return `sha512-${createHash("sha512")
    .update(readFileSync(path.join(folder, "leaf-1.0.0.tgz")))
    .digest("base64")}`;
}

const install = () =>
  installPackages({
    folder,
    env: { ...process.env, npm_config_fetch_retries: "0", npm_config_cache: path.join(folder, "cache") },
  });

describe("checkNode", () => {
  it("takes 20.6 and newer", () => {
    for (const version of ["20.6.0", "20.20.2", "22.0.0", "25.1.0"]) expect(() => checkNode(version)).not.toThrow();
    for (const version of ["20.5.1", "18.20.0"]) expect(() => checkNode(version)).toThrow(/20\.6 or newer/);
  });
});

describe("npm packages", () => {
  it("are installed by the lock, and then nothing is missing", async () => {
    project("file:leaf-1.0.0.tgz", leaf());
    expect(missingPackages(folder)).toEqual(["leaf"]);
    await install();
    expect(missingPackages(folder)).toEqual([]);
  });

  it("are missing when npm did not finish, when one was removed, and when the lock moved on", async () => {
    project("file:leaf-1.0.0.tgz", leaf());
    await install();
    const lock = readFileSync(path.join(folder, "package-lock.json"), "utf8");
    writeFileSync(
      path.join(folder, "package-lock.json"),
      lock.replace('"version":"1.0.0","resolved"', '"version":"1.0.1","resolved"'),
    );
    expect(missingPackages(folder)).toEqual(["leaf"]);
    writeFileSync(path.join(folder, "package-lock.json"), lock);
    rmSync(path.join(folder, "node_modules", "leaf"), { recursive: true });
    expect(missingPackages(folder)).toEqual(["leaf"]);
    await install();
    rmSync(path.join(folder, "node_modules", ".package-lock.json"));
    expect(missingPackages(folder)).toContain("leaf");
  });

  it("with another hash than the lock's are refused", async () => {
    leaf();
    project("file:leaf-1.0.0.tgz", `sha512-${createHash("sha512").update("something else").digest("base64")}`);
    await expect(install()).rejects.toMatchObject({ code: "HASH_MISMATCH" });
  });

  it("out of reach: says that it is the network", async () => {
    project("http://127.0.0.1:9/leaf-1.0.0.tgz", "sha512-AAAA");
    await expect(install()).rejects.toMatchObject({
      code: "NETWORK_UNREACHABLE",
      hint: expect.stringContaining("same command again") as string,
    });
  });

  it("say so when package.json and the lock disagree", async () => {
    project("file:leaf-1.0.0.tgz", leaf());
    json("package.json", {
      name: "p",
      version: "1.0.0",
      dependencies: { leaf: "file:leaf-1.0.0.tgz", other: "1.0.0" },
    });
    await expect(install()).rejects.toMatchObject({ code: "NPM_LOCK_OUTDATED" });
  });

  it("need npm", async () => {
    project("file:leaf-1.0.0.tgz", leaf());
    await expect(installPackages({ folder, env: { PATH: folder } })).rejects.toMatchObject({ code: "NPM_MISSING" });
  });
});
