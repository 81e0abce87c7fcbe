// A worker: computes a certificate again, so that the page stays awake meanwhile.
import { checkCertificate, parseCertificate, readModel } from "../../index.ts";
import { plain } from "../common/plain.ts";
import type { Asked, Sent } from "./messages.ts";

const send = (message: Sent): void => postMessage(message);

addEventListener("message", ({ data }: MessageEvent<Asked>) => {
  void check(data).catch((error: unknown) => send({ type: "failed", problem: plain(error) }));
});

async function check({ certificate: text, source, models }: Asked): Promise<void> {
  const certificate = parseCertificate(text, source);
  const known = models.map(({ name, bytes }) => readModel(bytes, { source: name }));
  const result = await checkCertificate(certificate, known, {
    onProgress: ({ done, total }) => send({ type: "progress", done, total: total ?? 1 }),
  });
  send({ type: "done", certificate, result });
}
