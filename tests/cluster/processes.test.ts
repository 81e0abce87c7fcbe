import { describe, expect, it } from "@jest/globals";
import { openExecutor } from "../../src/cluster/open.ts";
import { conformance } from "./conformance.ts";

conformance({ name: "processes", open: () => openExecutor("processes:2") });

describe("--on processes", () => {
  it.each(["processes:0", "processes:two", "processes:1.5"])("knows that %s is no number of cores", async (on) => {
    await expect(openExecutor(on)).rejects.toMatchObject({ code: "BAD_ARGUMENT", exitCode: 2 });
  });

  it("says what there is where something else is named", async () => {
    await expect(openExecutor("proceses")).rejects.toMatchObject({ code: "BAD_ARGUMENT", hint: expect.stringContaining("did you mean processes") }); // prettier-ignore
  });
});
