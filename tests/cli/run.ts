import { jest } from "@jest/globals";
import { main } from "../../src/cli/main.ts";

/** Runs the CLI in this process: `result` is the JSON document on stdout, `told` what it said besides. */
export async function dsqn<R = Record<string, unknown>>(
  ...argv: string[]
): Promise<{ code: number; result: R; told: string }> {
  let [text, told] = ["", ""];
  const streams = [
    jest.spyOn(process.stdout, "write").mockImplementation((chunk) => ((text += String(chunk)), true)),
    jest.spyOn(process.stderr, "write").mockImplementation((chunk) => ((told += String(chunk)), true)),
  ];
  try {
    const code = await main([...argv, "--json"]);
    return { code, result: JSON.parse(text) as R, told };
  } finally {
    for (const stream of streams) stream.mockRestore();
  }
}
