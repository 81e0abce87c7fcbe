import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { extraNames } from "../../src/setup/index.mjs";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string>; engines: { node: string } }; // prettier-ignore
const files = ["docker/Dockerfile", "docker/nest2.Dockerfile"];

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile, with lines that end in a backslash joined, and without comments. */
function instructionsOf(text: string): Instruction[] {
  const lines = text.replace(/^\s*#.*\n/gm, "").replace(/\\\n/g, " ").split("\n"); // prettier-ignore
  return lines.filter((line) => line.trim()).map((line) => {
    const [, name, rest] = /^(\w+)\s+(.*)$/.exec(line.trim()) ?? ["", line, ""];
    return { name: name.toUpperCase(), text: rest.replace(/\s+/g, " ") };
  }); // prettier-ignore
}

const KNOWN = ["FROM", "RUN", "WORKDIR", "COPY", "VOLUME", "ENTRYPOINT", "CMD", "ENV"];

/** What hadolint would say, as far as these files go: its rules by their numbers. */
function lint(text: string): string[] {
  const all = instructionsOf(text);
  const problems: string[] = [];
  const stages = all.filter(({ name }) => name === "FROM").map((one) => / AS (\S+)$/i.exec(one.text)?.[1]);
  for (const { name, text: said } of all) {
    if (!KNOWN.includes(name)) problems.push(`DL1000 ${name} is no instruction that is used here`);
    const [image] = said.split(" ");
    if (name === "FROM" && image !== "dsqn" && !/:[\w.-]+$/.test(image)) problems.push(`DL3006 ${image} has no tag`);
    if (name === "FROM" && /:latest$/.test(image)) problems.push(`DL3007 ${image}`);
    if (name === "WORKDIR" && !said.startsWith("/")) problems.push(`DL3000 ${said} is relative`);
    if (name === "RUN") {
      if (/\bsudo\b/.test(said)) problems.push("DL3004 sudo");
      if (/\bapt\b /.test(said)) problems.push("DL3027 apt instead of apt-get");
      if (/apt-get install/.test(said)) {
        if (!/apt-get update &&/.test(said)) problems.push("DL3009 an install without an update in the same layer");
        if (!/--no-install-recommends/.test(said)) problems.push("DL3015 recommended packages come along");
        if (!/install -y|install --yes|-y install/.test(said)) problems.push("DL3014 it asks");
        if (!/rm -rf \/var\/lib\/apt\/lists/.test(said)) problems.push("DL3009 lists stay");
      }
      if (/\|/.test(said) && !/pipefail/.test(said)) problems.push("DL4006 a pipe without pipefail");
    }
    if (/^(ENTRYPOINT|CMD)$/.test(name) && !/^\[.*\]$/.test(said)) problems.push(`DL3025 ${name} ${said}`);
    const from = /^--from=(\S+)/.exec(said)?.[1];
    if (name === "COPY" && from !== undefined && !stages.includes(from)) problems.push(`DL3022 no stage ${from}`);
    if (name === "ENV" && /(TOKEN|PASSWORD|SECRET)/.test(said)) problems.push(`a secret: ${said}`);
  }
  for (const name of ["ENTRYPOINT", "CMD"])
    if (all.filter((one) => one.name === name).length > 1) problems.push(`DL4003 several ${name}`);
  return problems;
}

describe("Docker", () => {
  it.each(files)("%s breaks no rule", (file) => expect(lint(readFileSync(file, "utf8"))).toEqual([]));

  it.each([
    ["FROM node", "DL3006"],
    ["FROM node:latest", "DL3007"],
    ["FROM a:1\nRUN apt-get install -y git", "DL3009"],
    ["FROM a:1\nRUN sudo true", "DL3004"],
    ["FROM a:1\nCMD node x", "DL3025"],
    ["FROM a:1\nCOPY --from=build /a /b", "DL3022"],
    ["FROM a:1\nENV NPM_TOKEN=1", "secret"],
    ["FROM a:1\nRUNN x", "DL1000"],
    ["FROM a:1\nWORKDIR app", "DL3000"],
  ])("%j is told: %s", (text, problem) => expect(lint(text).join()).toContain(problem));

  it("what the images run is there: a dry build of every instruction that needs the clone", () => {
    const ignored = readFileSync("docker/Dockerfile.dockerignore", "utf8").trim().split("\n");
    for (const file of files)
      for (const { name, text } of instructionsOf(readFileSync(file, "utf8"))) {
        for (const [, script] of text.matchAll(/npm run (\S+)/g))
          expect(Object.keys(manifest.scripts)).toContain(script);
        for (const [, extras] of text.matchAll(/--extras (\S+)/g)) expect(["all", ...extraNames]).toContain(extras);
        if (name === "FROM" && text.startsWith("node:")) {
          const major = Number(/^node:(\d+)/.exec(text)![1]);
          expect(major).toBeGreaterThanOrEqual(Number(/\d+/.exec(manifest.engines.node)![0]));
        }
        if (name === "ENTRYPOINT") for (const word of (JSON.parse(text) as string[]).slice(1)) expect(existsSync(word)).toBe(true); // prettier-ignore
        if (name === "CMD") expect(existsSync(join("src/cli/commands", `${(JSON.parse(text) as string[])[0]}.ts`))).toBe(true); // prettier-ignore
      }
    // What is copied is the clone, without what is made in it.
    expect(ignored).toEqual(expect.arrayContaining([".git", ".dsqn", "node_modules", "dist", "runs"]));
    for (const needed of ["src", "scripts", "py-bridge", "models", "package.json", "package-lock.json"])
      expect(ignored.some((line) => line === needed || line === `${needed}/`)).toBe(false);
  });

  it("compose names files that are there, and services that are built", () => {
    const { services, ...rest } = parse(readFileSync("docker/compose.yml", "utf8")) as {
      services: Record<string, { image: string; build: { context: string; dockerfile: string }; volumes: string[] }>;
    };
    expect(rest).toEqual({});
    expect(Object.keys(services)).toEqual(["dsqn", "nest2"]);
    for (const service of Object.values(services)) {
      expect(Object.keys(service).sort()).toEqual(["build", "image", "init", "volumes"]);
      const context = join("docker", service.build.context);
      expect(existsSync(join(context, "package.json"))).toBe(true);
      expect(files).toContain(join(context, service.build.dockerfile));
      expect(service.volumes).toEqual(["../runs:/dsqn/runs"]);
    }
    // The second image begins with the first, by the name that compose gives it.
    const [{ text }] = instructionsOf(readFileSync(files[1], "utf8")).filter((one) => one.text === services.dsqn.image);
    expect(text).toBe("dsqn");
  });
});
