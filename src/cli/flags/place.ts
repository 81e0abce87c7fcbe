import { withWorkersAt } from "../../bridge/place.ts";
import { UsageError } from "../../errors.ts";
import type { Command, Context } from "../command.ts";

/** The command with --workers-on: what it opens, environments and judges, lives on other machines. */
export function placeable(command: Command): Command {
  return {
    ...command,
    configure(parser) {
      command.configure(parser);
      parser.option(
        "--workers-on <where>",
        "environments and judges on other machines: ray:HOST:PORT,workers=8 or ray:auto,workers=8 (docs/cluster.md)",
      );
    },
    run(args, given, context) {
      const { workersOn, ...options } = given as { workersOn?: string; on?: string };
      const run = (): Promise<number> => command.run(args, options as Record<string, never>, context);
      if (workersOn === undefined) return run();
      if (options.on !== undefined)
        throw new UsageError("BAD_ARGUMENT", "With --on whole pieces run elsewhere, and their workers beside them.", {
          hint: "Leave out --workers-on.",
        });
      return atPlace(workersOn, context, run);
    },
  };
}

async function atPlace<T>(where: string, { signal, log }: Context, task: () => Promise<T>): Promise<T> {
  const [, rest] = /^ray:(.+)$/s.exec(where) ?? [];
  if (rest === undefined)
    throw new UsageError("BAD_ARGUMENT", `Workers cannot live on "${where}".`, {
      hint: "--workers-on ray:HOST:PORT,workers=8",
    });
  const { openRayPlace } = await import("../../cluster/ray/place.ts");
  const place = await openRayPlace(rest, { signal, log });
  try {
    return await withWorkersAt(place, task);
  } finally {
    await place.close();
  }
}
