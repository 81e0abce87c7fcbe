import { readBytes } from "../files/atomic.ts";
import type { Certificate } from "./certificate-form.ts";
import { parseCertificate } from "./read-certificate.ts";

/** A certificate of format 1 or 2 from its file, checked as by `parseCertificate`. Errors: FILE_NOT_FOUND, CERTIFICATE_INVALID. */
export async function readCertificate(path: string): Promise<Certificate> {
  return parseCertificate(new TextDecoder().decode(await readBytes(path)), path);
}
