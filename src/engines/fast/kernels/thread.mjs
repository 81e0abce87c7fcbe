// As worker.mjs, in a page (`dsqn/web/thread`): what it starts with comes as a message.
globalThis.addEventListener("message", ({ data: { module, memory, control, thread, spins } }) => {
  const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const stop = new Int32Array(memory.buffer, control + 24, 1);
  for (let seen = 0; Atomics.load(stop, 0) === 0;) seen = serve(control, thread, seen, spins);
});
