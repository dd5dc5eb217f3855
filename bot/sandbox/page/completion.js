/** What could come next in a command line: subcommands with their hints, cluster names, literal choices. Pure. */

const COMMAND = "/egress";
const LITERAL = /^[a-z][a-z-]*$/;

/**
 * @param line what stands left of the cursor
 * @param commands [{text, hint}] as `/_sandbox/info` gives them
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

const verbOf = (command) => command.text.replace(/^\/egress\s*/, "").split(" ")[0];

function verbs(begun, commands) {
  return commands
    .filter((command) => verbOf(command).startsWith(begun.toLowerCase()))
    .map((command) => ({
      insert: `${COMMAND} ${verbOf(command)} `,
      label: verbOf(command),
      hint: command.hint ?? "",
      usage: command.usage ?? "",
      kind: "verb",
    }));
}

/** Proposals for the word being typed, from the command's own usage text. */
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

/** What may stand at a position: clusters where the usage says CLUSTER, and its lower-case literals. */
function choicesAt(command, position, clusters) {
  const usage = `${command.text
    .replace(/^\/egress\s*/, "")
    .split(" ")
    .slice(1)
    .join(" ")} ${command.usage ?? ""} ${command.hint ?? ""}`;
  const slots = usage.match(/\[[^\]]*[A-Z|][^\]]*\]|[A-Z]{2,}\S*/g) ?? [];
  const words = slots.flatMap((slot) =>
    slot
      .replace(/[[\]…]/g, " ")
      .trim()
      .split(/\s+/),
  );
  return (words[position] ?? "").split("|").flatMap((word) => {
    if (word === "CLUSTER") return clusters.map((name) => ({ label: name, hint: "cluster", kind: "cluster" }));
    return LITERAL.test(word) ? [{ label: word, hint: "", kind: "literal" }] : [];
  });
}
