import { WORDS } from "../../src/bridge/shared/handover.ts";
import { Machine, Patience, working } from "../../src/bridge/shared/patience.ts";
import { layoutOf, PortPlaces } from "../../src/bridge/shared/port.ts";
import { quota } from "../../src/bridge/shared/processors.ts";
import { AREAS, PAGE, type Region } from "../../src/bridge/shared/region.ts";
import { Slots } from "../../src/bridge/shared/slots.ts";

/** A region of ordinary memory; `room`: how much of it the system gives. */
function region(room = Infinity): Region & { words: number[] } {
  const words = Array<number>(64).fill(0);
  return {
    descriptor: -1,
    words,
    board: { load: (word) => words[word], store: (word, value) => void (words[word] = value) },
    up: new Uint8Array(AREAS.up.bytes),
    down: new Uint8Array(AREAS.down.bytes),
    map: ({ bytes }) => new ArrayBuffer(bytes),
    reserve: (area, end) => end <= area.bytes && end <= room,
    close: () => undefined,
  };
}

describe("slots", () => {
  const bytes = (size: number): Uint8Array => new Uint8Array(size).fill(7);

  it("lie one behind the other, and anew from the beginning when all were returned", () => {
    const memory = region();
    const slots = new Slots(memory);
    expect([slots.put(bytes(100)), slots.put(bytes(64)), slots.put(bytes(1))]).toEqual([0, 128, 192]);
    memory.words[WORDS.UP_RETURNED] = 2;
    expect(slots.put(bytes(1))).toBe(256);
    memory.words[WORDS.UP_RETURNED] = 4;
    expect(slots.put(bytes(1))).toBe(0);
  });

  it("there are none where there is no room, and the array goes another way", () => {
    const slots = new Slots(region());
    expect(slots.put(bytes(AREAS.up.bytes + 1))).toBeUndefined();
    expect(slots.put(bytes(AREAS.up.bytes))).toBe(0);
    expect(slots.put(bytes(1))).toBeUndefined();
    expect(new Slots(region(1000)).put(bytes(2000))).toBeUndefined();
  });
});

describe("places of ports", () => {
  it("are used again, whatever the order in which they were freed", () => {
    const places = new PortPlaces(region());
    const take = (pages: number): number => places.take(pages * PAGE)!.area.offset / PAGE;
    expect([take(2), take(1), take(3), take(1)]).toEqual([1, 3, 4, 7]);
    places.free(0);
    places.free(2);
    expect([take(3), take(2), take(1)]).toEqual([4, 1, 8]);
  });

  it("end with the area, with what the system gives, and with the numbers", () => {
    expect(new PortPlaces(region()).take(AREAS.ports.bytes + PAGE)).toBeUndefined();
    expect(new PortPlaces(region(PAGE)).take(2 * PAGE)).toBeUndefined();
    const places = new PortPlaces(region());
    for (let i = 0; i < 256; i++) expect(places.take(PAGE)!.index).toBe(i);
    expect(places.take(PAGE)).toBeUndefined();
    places.free(17);
    expect(places.take(PAGE)!.index).toBe(17);
  });

  it("have room for all arrays, each from a cache line on", () => {
    const { inputs, outputs, rows, bytes } = layoutOf({
      inputs: [["a", "int32", [3]]],
      outputs: [["o", "uint8", [3, 5]], ["r", "float64", [3]]], // prettier-ignore
      rows: [["f", "float32", [3, 2000]]],
    });
    const ats = [...inputs, ...outputs, ...rows].map(([, , , at]) => at);
    expect(ats).toEqual([PAGE, PAGE + 64, PAGE + 128, PAGE + 192]);
    expect(bytes).toBe(7 * PAGE);
  });
});

describe("processors by quota", () => {
  const files = (all: Record<string, string>) => (path: string) => all[path] ?? "";

  it.each([
    ["none", {}, Infinity],
    [
      "version 2, at the root of a container",
      { "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "150000 100000\n" },
      1.5,
    ],
    [
      "version 2, without a limit",
      { "/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "max 100000\n" },
      Infinity,
    ],
    [
      "version 2, the tightest of those around",
      {
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/cpu.max": "100000 100000\n",
        "/sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
      },
      1,
    ],
    [
      "version 1",
      {
        "/proc/self/cgroup": "3:memory:/m\n2:cpu,cpuacct:/a\n",
        "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "200000\n",
        "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
      },
      2,
    ],
  ])("%s", (_how, all, processors) => {
    expect(quota(files(all))).toBe(processors);
  });
});

describe("patience", () => {
  const quiet = (): Machine => new Machine(() => "0.1 0.2 0.3 1/400 123", 2);
  const looks = (patience: Patience): boolean => {
    const { spin, poll } = patience.budget(0);
    return spin + poll > 0;
  };

  it("looks as long as replies took, and not at all for slow ones", () => {
    const patience = new Patience(2, quiet());
    for (let i = 0; i < 50; i++) patience.took(10);
    expect(patience.budget(0).spin).toBeCloseTo(30, 0);
    for (let i = 0; i < 90; i++) patience.took(1000);
    expect(patience.budget(0).spin).toBe(0);
    expect(patience.budget(0).poll).toBeGreaterThan(1900);
    for (let i = 0; i < 50; i++) patience.took(9000);
    expect(looks(patience)).toBe(false);
  });

  it("looks ever more rarely where it has not paid, and again where it has", () => {
    const patience = new Patience(2, quiet());
    let looked = 0;
    for (let i = 0; i < 1000; i++) {
      const did = looks(patience);
      looked += Number(did);
      if (did) patience.looked(false, "poll");
    }
    expect(looked).toBeLessThan(25);
    while (!looks(patience));
    patience.looked(true, "spin");
    expect([looks(patience), looks(patience), looks(patience)]).toEqual([true, true, true]);
  });

  it("never looks with one processor, with as many workers as processors, or on a crowded machine", () => {
    const patience = new Patience(2, quiet());
    working(1);
    expect(looks(new Patience(1, quiet()))).toBe(false);
    expect(looks(patience)).toBe(true);
    working(1);
    expect(looks(patience)).toBe(false);
    working(-1);
    working(-1);
  });

  it("on a crowded machine looks little longer than a wake-up message takes", () => {
    const machine = new Machine(() => "9 9 9 9/400 123", 2);
    for (let now = 0; now < 2000; now += 200) machine.free(now);
    expect(machine.free(2000)).toBe(false);
    const patience = new Patience(2, machine);
    expect(patience.budget(2000)).toEqual({ spin: 50, poll: 240 });
    for (let i = 0; i < 90; i++) patience.took(1000);
    expect(patience.budget(2000)).toEqual({ spin: 0, poll: 0 });
  });
});
