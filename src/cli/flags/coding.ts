import { Option, type Command as Parser } from "commander";
import { UsageError } from "../../errors.ts";
import type { Network } from "../../network/file/model.ts";
import type { Decoding, Encoding } from "../../network/old/spiking-network.ts";

const encodings: readonly Encoding[] = ["constant", "poisson", "equidistant", "equidistant-original"];
const decodings: readonly Decoding[] = ["potential", "max-potential", "spikes", "first-spike"];

/** What `readingFlags` adds to a command's options. */
export interface ReadingFlags {
  encoding?: Encoding;
  decoding?: Decoding;
  signedInputs?: boolean;
}

/** The flags of commands in which a spiking network may be written and read otherwise than its model says. */
export function readingFlags(parser: Parser): Parser {
  return parser
    .addOption(new Option("--encoding <name>", "of observations, instead of the model's own").choices(encodings))
    .addOption(new Option("--decoding <name>", "of outputs, instead of the model's own").choices(decodings))
    .option("--signed-inputs", "a second input neuron for each observation's negative part (spikes have no sign)");
}

/** The network as the flags have it. Throws BAD_ARGUMENT where one is given for a network that does not spike. */
export function withReading<N extends Network>(network: N, { encoding, decoding, signedInputs }: ReadingFlags): N {
  const changes = Object.entries({ encoding, decoding, signedInputs }).filter(([, value]) => value !== undefined);
  if (changes.length > 0 && network.kind !== "spiking")
    throw new UsageError(
      "BAD_ARGUMENT",
      `--${changes[0][0].replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`)} is for spiking networks; this is a ${network.kind} one.`,
      { hint: 'Leave it out, or convert the network first: "dsqn convert".' },
    );
  return { ...network, ...Object.fromEntries(changes) };
}
