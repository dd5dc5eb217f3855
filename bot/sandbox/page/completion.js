/** What could come next in a command line: subcommands with their hints, cluster names, literal choices. Pure. */

const COMMAND = "/egress";
const LITERAL = /^[a-z][a-z-]*$/;

/**
 * @param line the text left of the cursor
 * @param commands [{text: "/egress show aks-udr", hint}] as `/_sandbox/info` gives them
 * @param clusters names of the managed clusters
 * @returns [{insert, label, hint, kind}]: `insert` is the whole line with the proposal taken
 */
export function completions(line, commands, clusters) {
  if (!line.startsWith("/")) return [];
  if (COMMAND.startsWith(line))
    return [{ insert: `${COMMAND} `, label: COMMAND, hint: "egress operations for AKS", kind: "command" }];
  const match = line.match(/^\/egress\s+(.*)$/s);
  if (!match) return [];
  const words = match[1].split(/\s+/);
  return words.length === 1 ? verbs(words[0], commands) : argument(words, commands, clusters);
}

const wordsOf = (command) => command.text.replace(/^\/egress\s*/, "").split(" ");
const verbOf = (command) => wordsOf(command)[0];
const argumentsOf = (command) => wordsOf(command).slice(1).join(" ");

function verbs(begun, commands) {
  return commands
    .filter((command) => verbOf(command).startsWith(begun.toLowerCase()))
    .map((command) => ({
      insert: `${COMMAND} ${verbOf(command)} `,
      label: verbOf(command),
      hint: command.hint ?? "",
      usage: argumentsOf(command),
      kind: "verb",
    }));
}

/** Proposals for the word being typed, from the command's own text. */
function argument(words, commands, clusters) {
  const command = commands.find((one) => verbOf(one) === words[0].toLowerCase());
  if (!command) return [];
  const begun = words.at(-1).toLowerCase();
  const kept = [COMMAND, ...words.slice(0, -1)].join(" ");
  const choices = choicesAt(command, words.length - 2, clusters);
  // A finished word needs no proposal: Enter sends the line then.
  if (choices.some((choice) => choice.label === words.at(-1))) return [];
  return choices
    .filter((choice) => choice.label.toLowerCase().includes(begun))
    .sort((a, b) => b.label.startsWith(begun) - a.label.startsWith(begun))
    .map((choice) => ({ insert: `${kept} ${choice.label} `, ...choice }));
}

/**
 * What may stand at a position. A command's text is its verb and an example or a pattern of its arguments: a cluster's
 * name or CLUSTER there means any cluster, a lower-case word means itself.
 */
function choicesAt(command, position, clusters) {
  const word =
    argumentsOf(command)
      .replace(/[[\]…]/g, " ")
      .trim()
      .split(/\s+/)[position] ?? "";
  return word.split("|").flatMap((one) => {
    if (one === "CLUSTER" || clusters.includes(one))
      return clusters.map((name) => ({ label: name, hint: "cluster", kind: "cluster" }));
    return LITERAL.test(one) ? [{ label: one, hint: "", kind: "literal" }] : [];
  });
}
