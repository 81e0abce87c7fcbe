import { expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { completion, shells } from "../../src/cli/completion.ts";
import { commands } from "../../src/cli/commands.ts";

it.each(shells)("%s completes every command", async (shell) => {
  const script = await completion(shell);
  for (const name of Object.keys(commands)) expect(script).toContain(name);
  expect(script).toContain("vecnormalize");
});

it("bash takes it, and finds commands, flags and what a flag may be", async () => {
  const script = await completion("bash");
  const complete = (...words: string[]): string[] => {
    const list = words.map((word) => `'${word}'`).join(" ");
    const program = `${script}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _dsqn; echo "\${COMPREPLY[@]}"`;
    return execFileSync("bash", ["-c", program], { encoding: "utf8" }).trim().split(" ");
  };
  expect(complete("dsqn", "imp")).toEqual(["import"]);
  expect(complete("dsqn", "import", "net.pt", "--vec")).toEqual(["--vecnormalize"]);
  expect(complete("dsqn", "import", "--kind", "")).toEqual(["dense", "spiking", "convolutional"]);
  expect(complete("dsqn", "runs", "rem")).toEqual(["remove"]);
});
