import { Waiting } from "../../src/board/patience.ts";

const sender = { address: "127.0.0.1", port: 4711 };
const packet = Buffer.from([1, 2, 3]);

describe("a host that counts cores of a board that is behind", () => {
  it("gets one answer when the board has caught up, however often it asked", () => {
    const waiting = new Waiting();
    const answers: boolean[] = [];
    for (const now of [0, 500, 1000]) waiting.hold(packet, sender, now);
    waiting.release(1100, false, (_, __, known) => answers.push(known));
    expect([answers, waiting.empty]).toEqual([[], false]);
    waiting.release(1200, true, (_, __, known) => answers.push(known));
    expect([answers, waiting.empty]).toEqual([[true], true]);
  });

  it("is told to ask again meanwhile, but is answered before it fails at its tenth try", () => {
    const waiting = new Waiting();
    const answers: boolean[] = [];
    const ask = (now: number): void => {
      waiting.hold(packet, sender, now);
      waiting.release(now + 1600, false, (_, __, known) => answers.push(known));
    };
    for (let time = 0; time < 10; time++) ask(2000 * time);
    expect(answers.indexOf(true)).toBe(6);
    expect(answers.slice(0, 6)).not.toContain(true);
    expect(answers.slice(7)).not.toContain(true); // the next question begins anew
  });

  it("is answered as early where its questions ran into its own time-out", () => {
    const waiting = new Waiting();
    const answers: boolean[] = [];
    for (let time = 0; time < 7; time++) waiting.hold(packet, sender, 5000 * time);
    waiting.release(5000 * 6, false, (_, __, known) => answers.push(known));
    expect(answers).toEqual([true]);
  });

  it("has its own count", () => {
    const waiting = new Waiting();
    const answers: string[] = [];
    for (let time = 0; time < 7; time++)
      for (const port of [1, 2, 3]) {
        if (port === 3 && time > 3) continue;
        waiting.hold(packet, { ...sender, port }, 2000 * time);
        waiting.release(2000 * time + 1600, false, (_, { port: to }, known) => known && answers.push(String(to)));
      }
    expect(answers).toEqual(["1", "2"]);
  });
});
