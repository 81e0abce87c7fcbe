import { Option, type Command as Parser } from "commander";
import { UsageError } from "../../errors.ts";
import {
  type Decoding,
  decodings,
  type Encoding,
  encodings,
  isSpiking,
  kindOf,
  type Network,
} from "../../network/network.ts";

/** What `codingFlags` adds to a command's options. */
export interface CodingFlags {
  encoding?: Encoding;
  decoding?: Decoding;
  signedInputs?: boolean;
}

/** The flags of commands in which a spiking network may be written and read otherwise than its model says. */
export function codingFlags(parser: Parser): Parser {
  return parser
    .addOption(new Option("--encoding <name>", "of observations, instead of the model's own").choices(encodings))
    .addOption(new Option("--decoding <name>", "of outputs, instead of the model's own").choices(decodings))
    .option("--signed-inputs", "a second input neuron for each observation's negative part (spikes have no sign)");
}

/** The network as the flags have it. Throws BAD_ARGUMENT where one is given for a network that does not spike. */
export function withCoding<N extends Network>(network: N, { encoding, decoding, signedInputs }: CodingFlags): N {
  const changes = Object.entries({ encoding, decoding, signedInputs }).filter(([, value]) => value !== undefined);
  if (changes.length === 0) return network;
  if (!isSpiking(network))
    throw new UsageError(
      "BAD_ARGUMENT",
      `--${changes[0][0].replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`)} is for spiking networks; this is a ${kindOf(network)} one.`,
      { hint: 'Leave it out, or convert the network first: "dsqn convert".' },
    );
  return { ...network, coding: { ...network.coding, ...Object.fromEntries(changes) } };
}
