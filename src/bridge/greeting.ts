import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { DsqnError } from "../errors.ts";
import { type Message, PROTOCOL } from "./schema.ts";
import { packageVersion } from "../setup/version.ts";

export type Channel = "work" | "control";

/** A hello that proves knowledge of `key`, and the check that the welcome proves it too. */
export function greeting(
  key: Buffer,
  channel: Channel,
): { hello: Message<"hello">; check(welcome: Message<"welcome">): void } {
  const nonce = randomBytes(16);
  const mac = (role: string): Buffer => createHmac("sha256", key).update(`${role} ${channel} `).update(nonce).digest();
  return {
    hello: { type: "hello", protocol: PROTOCOL, version: packageVersion(), nonce, mac: mac("client") },
    check(welcome) {
      const proof = mac("worker");
      if (welcome.mac.length === proof.length && timingSafeEqual(welcome.mac, proof)) return;
      throw new DsqnError(
        "AUTHENTICATION_FAILED",
        "What answers in the worker's place does not know the worker's key.",
      );
    },
  };
}
