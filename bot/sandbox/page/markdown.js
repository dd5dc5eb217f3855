/** The `markdown` block's common subset: headings, paragraphs, lists, quotes, tables, code, links, emphasis. */
import { h } from "./dom.js";
import { emoji, link } from "./mrkdwn.js";

const INLINE = new RegExp(
  [
    "`(?<code>[^`]+)`",
    "\\*\\*(?<bold>.+?)\\*\\*",
    "(?<![\\w*])[*_](?<italic>[^*_\\n]+)[*_](?![\\w*])",
    "~~(?<strike>.+?)~~",
    "\\[(?<label>[^\\]]+)\\]\\((?<url>[^)\\s]+)\\)",
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "g",
);

/** Each kind of line: how it is recognised and how a run of such lines is shown. */
const KINDS = [
  { test: /^#{1,6}\s/, show: (rows) => rows.map((row) => h("h4.md-heading", {}, inline(row.replace(/^#+\s/, "")))) },
  { test: /^\s*\|/, show: (rows) => table(rows) },
  {
    test: /^\s*[-*+]\s/,
    show: (rows) =>
      h(
        "ul.list",
        {},
        rows.map((row) => h("li", {}, inline(row.replace(/^\s*[-*+]\s/, "")))),
      ),
  },
  {
    test: /^\s*\d+\.\s/,
    show: (rows) =>
      h(
        "ol.list",
        {},
        rows.map((row) => h("li", {}, inline(row.replace(/^\s*\d+\.\s/, "")))),
      ),
  },
  {
    test: /^>\s?/,
    show: (rows) => h("blockquote.quote", {}, inline(rows.map((row) => row.replace(/^>\s?/, "")).join(" "))),
  },
  { test: /^(-{3,}|\*{3,})$/, show: () => h("hr.divider") },
  { test: /^\s*$/, show: () => [] },
  { test: /./, show: (rows) => h("p", {}, inline(rows.join(" "))) },
];

/** A markdown text as nodes. */
export function markdown(text) {
  return text.split(/^```.*$/m).flatMap((part, index) => (index % 2 ? [h("pre.code", {}, part.trim())] : blocks(part)));
}

function blocks(text) {
  const groups = [];
  for (const row of text.split("\n")) {
    const kind = KINDS.find(({ test }) => test.test(row)) ?? KINDS.at(-2);
    if (groups.at(-1)?.kind === kind) groups.at(-1).rows.push(row);
    else groups.push({ kind, rows: [row] });
  }
  return groups.flatMap(({ kind, rows }) => kind.show(rows));
}

function table(rows) {
  const cells = rows.map((row) =>
    row
      .trim()
      .replace(/^\||\|$/g, "")
      .split("|")
      .map((cell) => cell.trim()),
  );
  const [head, ...body] = cells.filter((row) => !row.every((cell) => /^:?-+:?$/.test(cell)));
  return h(
    "div.table-frame",
    {},
    h(
      "table.grid",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          head.map((cell) => h("th", { scope: "col" }, inline(cell))),
        ),
      ),
      h(
        "tbody",
        {},
        body.map((row) =>
          h(
            "tr",
            {},
            row.map((cell) => h("td", {}, inline(cell))),
          ),
        ),
      ),
    ),
  );
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    nodes.push(span(match));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function span({ 0: whole, groups }) {
  if (groups.code) return h("code.inline", {}, groups.code);
  if (groups.bold) return h("strong", {}, inline(groups.bold));
  if (groups.italic) return h("em", {}, inline(groups.italic));
  if (groups.strike) return h("s", {}, inline(groups.strike));
  if (groups.url) return link(groups.url, groups.label);
  return emoji(groups.emoji) ?? whole;
}
