// Preloaded into every Node of a run that is struck (--import): the time of day jumps by up to a day, forwards and backwards, several times a second.
const DAY = 86_400_000;
const real = Date;
let [offset, next] = [0, 0];

function now() {
  if (performance.now() > next) {
    offset = Math.round((2 * Math.random() - 1) * DAY);
    next = performance.now() + 300 * Math.random();
  }
  return real.now() + offset;
}

globalThis.Date = class extends real {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now() {
    return now();
  }
};
