// tier: python
import { compareOnBoard } from "./twin.ts";

/** Every spike and every potential of the readout, as the twin predicts them: sPyNNaker's own binaries are the judge. */
describe("the emulated board and the twin", () => {
  it("agree bit for bit on two networks of models/", async () => {
    const compared = await compareOnBoard(["cartpole-dsqn", "mountaincar-snn-classifier"], {
      version: 3,
      input: "host",
    });
    for (const { name, spikes, differing, potentials, expected, problems } of compared) {
      expect([name, spikes > 50, differing]).toEqual([name, true, 0]);
      expect(potentials).toEqual(expected);
      expect(problems).toEqual([]);
    }
  });
});
