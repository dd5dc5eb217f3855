/** The `rich_text` block: sections, lists, quotes and preformatted text with styled runs. */
import { h } from "./dom.js";
import { emoji, link, mention } from "./mrkdwn.js";
import { names, nowMs } from "./state.js";
import { slackDate } from "./time.js";

const RUNS = {
  text: (run) => run.text,
  link: (run) => link(run.url, run.text),
  emoji: (run) => emoji(run.name) ?? `:${run.name}:`,
  user: (run) => mention("@" + names.user(run.user_id)),
  usergroup: (run) => mention("@" + names.usergroup(run.usergroup_id)),
  channel: (run) => mention("#" + names.channel(run.channel_id)),
  broadcast: (run) => mention("@" + run.range),
  date: (run) => slackDate(run.timestamp, run.format, nowMs()),
  color: (run) => h("code.inline", {}, run.value),
};
const STYLES = [
  ["code", "code.inline"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
];

const ELEMENTS = {
  rich_text_section: (element) => h("div.rich", {}, runs(element)),
  rich_text_preformatted: (element) => h("pre.code", {}, runs(element)),
  rich_text_quote: (element) => h("blockquote.quote", {}, runs(element)),
  rich_text_list: (element) =>
    h(
      element.style === "ordered" ? "ol.list" : "ul.list",
      { style: { "--indent": element.indent ?? 0 } },
      element.elements.map((item) => h("li", {}, runs(item))),
    ),
};

/** A `rich_text` block's elements as nodes. */
export const richText = (elements) => elements.map((element) => ELEMENTS[element.type]?.(element));

function runs(element) {
  return element.elements.map((run) =>
    STYLES.reduce(
      (node, [style, tag]) => (run.style?.[style] ? h(tag, {}, node) : node),
      RUNS[run.type]?.(run) ?? run.text,
    ),
  );
}
