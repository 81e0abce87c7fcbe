import type { Sent } from "../checker/messages.ts";
import { byId, count, nextFrame, say } from "../common/dom.ts";
import { fetchBytes, type Given, listFiles, takeFiles } from "../common/files.ts";
import { notice, plain, startPage } from "../common/shell.ts";
import { ask } from "../common/work.ts";
import { showResult } from "./result.ts";

startPage();

let certificate: Given | undefined;
let models: readonly Given[] = [];
let running: AbortController | undefined;

/** A model begins with the length of its head, JSON with a brace. */
const isJson = ({ bytes }: Given): boolean => /^\s*[{[]/.test(new TextDecoder().decode(bytes.subarray(0, 64)));

async function take(files: readonly Given[]): Promise<void> {
  for (const file of files) {
    if (!isJson(file)) models = [...models.filter(({ name }) => name !== file.name), file];
    else if (isCard(file)) notice("card", `${file.name} is a model’s card: it is not needed here.`, undefined, true);
    else certificate = file;
  }
  listFiles([
    ...models.map(({ name, bytes }) => ({ name, what: `${count(Math.ceil(bytes.length / 1024))} kB` })),
    ...(certificate ? [{ name: certificate.name, what: "certificate" }] : []),
  ]);
  if (certificate && models.length > 0) return check();
  byId("result").hidden = true;
  say(byId("said"), certificate ? "Now the model that it is about." : "Now the certificate of this model.");
}

function isCard({ bytes }: Given): boolean {
  try {
    const { format, results } = JSON.parse(new TextDecoder().decode(bytes)) as { format?: unknown; results?: unknown };
    return format === 1 && results === undefined;
  } catch {
    return false;
  }
}

async function check(): Promise<void> {
  running?.abort();
  const own = (running = new AbortController());
  const bar = byId<HTMLProgressElement>("progress");
  notice("check");
  byId("result").hidden = true;
  [bar.hidden, bar.value] = [false, 0];
  say(byId("said"), "Computing every spike anew…");
  document.body.dataset.state = "computing";
  const began = performance.now();
  try {
    const question = { certificate: new TextDecoder().decode(certificate!.bytes), source: certificate!.name, models };
    const { result, certificate: read } = await ask<Sent>(
      "checker",
      question,
      ({ done, total }) => (bar.value = done / total),
      own.signal,
    );
    const seconds = (performance.now() - began) / 1000;
    byId("result").hidden = false;
    await nextFrame();
    showResult(read, result, seconds);
    say(byId("said"), "");
    document.body.dataset.state = result.equal ? "equal" : "different";
  } catch (error) {
    const { message, hint, code } = plain(error);
    if (code === "INTERRUPTED") return;
    notice("check", message, hint);
    say(byId("said"), "It could not be computed; other files may be dropped.");
    document.body.dataset.state = "failed";
  } finally {
    if (running === own) bar.hidden = true;
  }
}

takeFiles(take);
byId("example").addEventListener("click", () => {
  notice("file");
  const names = ["cartpole-dsqn.safetensors", "cartpole-dsqn.certificate.json"];
  void Promise.all(names.map(async (name) => ({ name, bytes: await fetchBytes(`data/${name}`) })))
    .then((files) => {
      [models, certificate] = [[], undefined];
      return take(files);
    })
    .catch((error: unknown) => notice("file", plain(error).message));
});
document.body.dataset.state = "ready";
