import { Command as Parser } from "commander";
import { boardFlags, boardSettingsFrom, type BoardFlags } from "../../src/cli/flags/board.ts";
import { boardSettings } from "../../src/simulators/spinnaker/board.ts";

const flags = (...args: string[]): BoardFlags =>
  boardFlags(new Parser().exitOverride()).parse(args, { from: "user" }).opts();

describe("a board's flags", () => {
  const environment = {
    DSQN_SPINNAKER_HOST: "10.0.0.1",
    DSQN_SPINNAKER_VERSION: "3",
    DSQN_SPINNAKER_SPALLOC: "lender",
    DSQN_SPINNAKER_TIMEOUT_MS: "70",
  };

  it("become settings, and win over the environment", () => {
    const given = boardSettingsFrom(
      flags("--board-host", "10.0.0.2", "--board-version", "5", "--board-timeout", "250"),
      "spinnaker",
    );
    const settings = boardSettings(given, environment);
    expect(settings).toMatchObject({ host: "10.0.0.2", boardVersion: 5, timeoutMs: 250 });
    expect(settings).not.toHaveProperty("spalloc"); // which sPyNNaker would prefer to the host
    expect(boardSettings({}, environment)).toMatchObject({
      host: "10.0.0.1",
      boardVersion: 3,
      spalloc: "lender",
      timeoutMs: 70,
    });
  });

  it("name a spalloc server instead", () => {
    const given = boardSettingsFrom(flags("--spalloc-server", "lender:22244", "--spalloc-user", "ada"), "spinnaker");
    expect(boardSettings(given, {})).toMatchObject({ spalloc: "lender:22244", user: "ada" });
  });

  it("say where the input is made, for the board and for its twin", () => {
    const asked = flags("--input", "chip", "--input-range", "2.4,0.2");
    for (const simulator of ["spinnaker", "spinnaker-twin"])
      expect(boardSettingsFrom(asked, simulator)).toEqual({ input: "chip", inputRange: [2.4, 0.2] });
    expect(() => boardSettingsFrom(asked, "nest")).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT", hint: expect.stringContaining("spinnaker-twin") }),
    );
    // A board goes with the board alone.
    expect(() => boardSettingsFrom(flags("--board-host", "10.0.0.2", "--input", "chip"), "spinnaker-twin")).toThrow(
      expect.objectContaining({ code: "BAD_ARGUMENT" }),
    );
    expect(() => flags("--input-range", "1,zero")).toThrow(/Not numbers above 0/);
    expect(() => flags("--input", "cloud")).toThrow(/none of host, chip/);
  });

  it("go with nothing but a board", () => {
    expect(boardSettingsFrom(flags(), "nest")).toBeUndefined();
    for (const [args, simulator] of [
      [["--board-host", "10.0.0.2"], "nest"],
      [["--board-host", "10.0.0.2", "--spalloc-server", "lender"], "spinnaker"],
    ] as const)
      expect(() => boardSettingsFrom(flags(...args), simulator)).toThrow(
        expect.objectContaining({ code: "BAD_ARGUMENT", exitCode: 2 }),
      );
    expect(() => flags("--board-version", "4")).toThrow(/none of 3, 5/);
  });

  it("are refused from the environment too when they mean nothing", () => {
    expect(() => boardSettings({}, { DSQN_SPINNAKER_VERSION: "four" })).toThrow(/DSQN_SPINNAKER_VERSION is "four"/);
    expect(() => boardSettings({}, { DSQN_SPINNAKER_TIMEOUT_MS: "soon" })).toThrow(/DSQN_SPINNAKER_TIMEOUT_MS/);
  });
});
