// tier: python
import { join } from "node:path";
import { managedHome } from "../../src/setup/index.mjs";
import { ndarray, type NdArray, type TypedArray, type Worker, type WorkerOptions } from "../../src/index.ts";
import { DATA_PATHS, failure, open as openWorker } from "./helpers.ts";

describe.each(DATA_PATHS)("a worker (%s)", (data) => {
  let worker: Worker;
  const open = (options: WorkerOptions = {}): Promise<Worker> => openWorker({ data, ...options });
  beforeAll(async () => {
    worker = await open();
  });

  it("says how its arrays travel", () => {
    expect(worker.data).toBe(data);
  });

  afterAll(() => worker.close());

  it("gives back arrays of every dtype, shape and size, bit for bit", async () => {
    const cases: TypedArray[] = [
      Float32Array.of(1.5, -0, NaN, Infinity),
      Float64Array.of(Math.PI, -0, Number.MIN_VALUE, NaN),
      Int8Array.of(-128, 127),
      Uint8Array.of(0, 255),
      Int16Array.of(-32768, 32767),
      Uint16Array.of(65535),
      Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
      Uint32Array.of(2 ** 32 - 1),
      BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
      BigUint64Array.of(2n ** 64n - 1n),
      new Float32Array(0),
      Float64Array.from({ length: 100_000 }, (_, i) => i / 7),
      Uint8Array.from({ length: 28_224 }, (_, i) => i),
    ];
    const arrays: Record<string, NdArray> = Object.fromEntries(cases.map((data, i) => [`a${i}`, ndarray(data)]));
    arrays["matrix"] = ndarray(
      Float32Array.from({ length: 600 }, (_, i) => i),
      [10, 20, 3],
    );
    arrays["scalar"] = ndarray(Float64Array.of(2.5), []);
    const { arrays: received } = await worker.call("core.echo", {}, arrays);
    for (const [name, { dtype, shape, data }] of Object.entries(arrays)) {
      expect(received[name].dtype).toBe(dtype);
      expect(received[name].shape).toEqual(shape);
      expect([name, bytes(received[name].data).equals(bytes(data))]).toEqual([name, true]);
    }
  });

  it("keeps matplotlib's caches in the managed home, and out of the user's", async () => {
    const { result } = await worker.call("misbehaving:environment", { name: "MPLCONFIGDIR" });
    expect(result["value"]).toBe(process.env["MPLCONFIGDIR"] ?? join(managedHome(), "matplotlib"));
  });

  it("gives back plain values, without what is undefined", async () => {
    const params = {
      text: "spike 🧠",
      nested: { list: [1, 2.5, null, true, -(2 ** 53) + 1], empty: {} },
      none: undefined,
    };
    const { result } = await worker.call("core.echo", params);
    expect(result).toEqual({ text: params.text, nested: params.nested });
    expect("none" in result).toBe(false);
  });

  it("keeps whole numbers whole up to 2^53, on both ways", async () => {
    const values = [2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53 - 1, -(2 ** 31) - 1, -(2 ** 53) + 1, 0.5, 2 ** 60];
    const { result } = await worker.call("misbehaving:kinds", { values, inner: { deep: [2 ** 33] } });
    expect(result["kinds"]).toEqual([...Array<string>(7).fill("int"), "float", "float"]);
    expect(result["inner"]).toBe("int");
    expect(result["back"]).toEqual([2 ** 31, 2 ** 40, -(2 ** 40), 2 ** 53 - 1, 2n ** 60n]);
  });

  it("answers a thousand calls made at once, in order", async () => {
    const order: number[] = [];
    const calls = Array.from({ length: 1000 }, async (_, i) => {
      const { result } = await worker.call("core.echo", { i });
      order.push(i);
      return result["i"];
    });
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(order).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("passes on what Python raised, with the whole traceback", async () => {
    const error = await failure(worker.call("misbehaving:raises", { text: "no such synapse" }));
    expect(error.code).toBe("PYTHON_ERROR");
    expect(error.message).toBe("ValueError: no such synapse");
    const { stack } = error.cause as Error;
    expect(stack).toMatch(/^Traceback \(most recent call last\)/);
    expect(stack).toMatch(/misbehaving\.py", line \d+, in inner/);
  });

  it("survives sys.exit in a method", async () => {
    expect((await failure(worker.call("misbehaving:calls_sys_exit"))).code).toBe("PYTHON_ERROR");
    await worker.call("core.echo");
  });

  it.each(["nowhere.to_be_found", "core.nothing", "no_such_module:f", "core._private", "os:_exit"])(
    "knows no method %s",
    async (method) => {
      expect((await failure(worker.call(method))).code).toBe("METHOD_UNKNOWN");
    },
  );

  it("sends what msgpack does not know by value where it can, by repr else", async () => {
    const { result } = await worker.call("misbehaving:returns_an_object");
    expect(result["number"]).toBe(0.5);
    expect(result["nan"]).toBeNaN();
    expect(result["thing"]).toMatch(/^<object object at/);
  });

  it("is not harmed by what a method prints, and keeps it in the log", async () => {
    const lines: string[] = [];
    const other = await open({ onLog: (line) => lines.push(line) });
    await other.call("misbehaving:prints", { text: "hello" });
    await other.call("core.echo");
    await other.close();
    expect(lines).toEqual(expect.arrayContaining(["hello", "hello from C"]));
  });

  it("reports progress", async () => {
    const seen: unknown[] = [];
    await worker.call(
      "misbehaving:counts",
      { total: 3, seconds: 0 },
      {},
      { onProgress: (progress) => seen.push(progress) },
    );
    expect(seen).toEqual(
      [0, 1, 2].map((done) => ({ stage: "misbehaving:counts", done, total: 3, note: `step ${done}` })),
    );
  });

  it("rejects with what the caller's onProgress throws, and serves the next call", async () => {
    const mistake = new TypeError("the caller's own");
    const onProgress = (): never => {
      throw mistake;
    };
    const counting = worker.call("misbehaving:counts", { total: 1000, seconds: 0.02 }, {}, { onProgress });
    expect(await failure(counting)).toBe(mistake);
    await worker.call("core.echo");
  });

  it("stops a call that takes too long, and serves the next one", async () => {
    const error = await failure(
      worker.call("misbehaving:counts", { total: 1000, seconds: 0.05 }, {}, { timeoutMs: 150 }),
    );
    expect(error.code).toBe("CALL_TIMEOUT");
    const started = performance.now();
    await worker.call("core.echo"); // waits for the cancelled call to notice
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it("stops a call, and one that still waits, when the signal says so", async () => {
    const abort = new AbortController();
    const running = failure(
      worker.call("misbehaving:counts", { total: 1000, seconds: 0.05 }, {}, { signal: abort.signal }),
    );
    const waiting = failure(
      worker.call("misbehaving:counts", { total: 1000, seconds: 0.05 }, {}, { signal: abort.signal }),
    );
    setTimeout(() => abort.abort(), 150);
    expect((await running).code).toBe("CALL_CANCELLED");
    expect((await waiting).code).toBe("CALL_CANCELLED");
    const started = performance.now();
    await worker.call("core.echo");
    expect(performance.now() - started).toBeLessThan(10_000);
    expect((await failure(worker.call("core.echo", {}, {}, { signal: abort.signal }))).code).toBe("CALL_CANCELLED");
  });

  it("refuses calls once it is closed, and rejects those under way", async () => {
    const other = await open({ graceMs: 300 });
    const pending = failure(other.call("misbehaving:counts", { total: 1000, seconds: 0.05 }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await other.close();
    expect((await pending).code).toBe("WORKER_CLOSED");
    expect((await failure(other.call("core.echo"))).code).toBe("WORKER_CLOSED");
    await other.close();
  });

  it("works over loopback tcp as well, encrypted", async () => {
    const other = await open({ transport: "tcp" });
    const x = ndarray(Uint8Array.from({ length: 100_000 }, (_, i) => i));
    expect((await other.call("core.echo", {}, { x })).arrays["x"].data).toEqual(x.data);
    await other.close();
  });
});

function bytes({ buffer, byteOffset, byteLength }: TypedArray): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
