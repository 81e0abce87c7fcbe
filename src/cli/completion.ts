import { Command as Parser, type Option } from "commander";
import { commands } from "./commands.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

interface Flag {
  readonly name: string;
  readonly says: string;
  readonly choices: readonly string[];
}

interface Described {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** What its arguments may be, where these are words. */
  readonly words: readonly string[];
}

/** What a shell needs to complete `dsqn`: its commands, their flags and the words that these take. Made of the commands themselves. */
export async function completion(shell: Shell): Promise<string> {
  const described: Described[] = [];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const parser = new Parser(name);
    (await load()).default.configure(parser);
    const flags = [
      ...parser.options.map(flagOf),
      { name: "--json", says: "print one JSON document", choices: [] },
      { name: "--help", says: "what it takes", choices: [] },
    ];
    described.push({
      name,
      summary,
      flags,
      words: parser.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    });
  }
  return writers[shell](described);
}

function flagOf({ long, short, description, argChoices }: Option): Flag {
  return { name: long ?? short ?? "", says: description, choices: argChoices ?? [] };
}

/** A text in single quotes, as all three shells take it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "")}'`;

const writers: Readonly<Record<Shell, (all: readonly Described[]) => string>> = {
  bash: (all) => `# dsqn completion bash: source this, or write it to /etc/bash_completion.d/dsqn
_dsqn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
${cases(all)}
}
complete -o default -F _dsqn dsqn
`,
  zsh: (all) => `#compdef dsqn
# dsqn completion zsh: write it to a file _dsqn in a folder of $fpath, or source it
autoload -U +X bashcompinit && bashcompinit
_dsqn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
${cases(all)}
}
complete -o default -F _dsqn dsqn
`,
  fish: (all) =>
    [
      "# dsqn completion fish: write it to ~/.config/fish/completions/dsqn.fish",
      ...all.flatMap(({ name, summary, flags, words }) => [
        `complete -c dsqn -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
        ...flags.map(({ name: flag, says, choices }) => {
          const takes = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : "";
          return `complete -c dsqn -n '__fish_seen_subcommand_from ${name}' -l ${flag.replace(/^--/, "")}${takes} -d ${quoted(says)}`;
        }),
        ...(words.length > 0
          ? [`complete -c dsqn -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(" "))}`]
          : []),
      ]),
      "",
    ].join("\n"),
};

/** Words for the position: commands first, then what a flag takes, then flags and words of the command; files where nothing fits. */
function cases(all: readonly Described[]): string {
  const reply = (words: readonly string[]): string =>
    `COMPREPLY=($(compgen -W ${quoted(words.join(" "))} -- "$current"))`;
  const branches = all.flatMap(({ name, flags, words }) => [
    ...flags
      .filter(({ choices }) => choices.length > 0)
      .map((flag) => `    "${name} ${flag.name}") ${reply(flag.choices)}; return ;;`),
    `    "${name} "*) ${reply([...flags.map((flag) => flag.name), ...words])} ;;`,
  ]);
  return [
    `  if [ "$COMP_CWORD" -eq 1 ]; then ${reply([...all.map(({ name }) => name), "--help", "--version"])}; return; fi`,
    '  case "${COMP_WORDS[1]} $before" in',
    ...branches,
    "  esac",
  ].join("\n");
}
