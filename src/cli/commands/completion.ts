import { Argument } from "commander";
import { command } from "../command.ts";
import { completion, type Shell, shells } from "../completion.ts";

export default command<object>({
  name: "completion",
  configure(parser) {
    parser
      .addArgument(new Argument("<shell>", "whose").choices(shells))
      .addHelpText(
        "after",
        "\nExamples:\n  source <(dsqn completion bash)\n  dsqn completion fish > ~/.config/fish/completions/dsqn.fish",
      );
  },
  async run([shell], _options, { print }) {
    print({ shell, script: await completion(shell as Shell) }, ({ script }) => script);
    return 0;
  },
});
