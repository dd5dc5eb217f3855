/**
 * Slack's mrkdwn as DOM nodes: bold, italic, strike, code, preformatted, links, quotes, lists, emoji, mentions and dates.
 * The text is somebody else's: it only ever becomes text nodes and elements made here, and links only go to http(s) and mailto.
 */
import { h } from "./dom.js";
import { emojiFor } from "./emoji.js";
import { names, nowMs } from "./state.js";
import { fullTime, slackDate } from "./time.js";

const INLINE = new RegExp(
  [
    "<(?<angle>[^<>\\n]+)>",
    "`(?<code>[^`\\n]+)`",
    "(?<![\\w*])\\*(?<bold>[^\\s*](?:[^*\\n]*[^\\s*])?)\\*(?![\\w*])",
    "(?<![\\w_])_(?<italic>[^\\s_](?:[^\\n]*?[^\\s_])?)_(?![\\w_])",
    "(?<![\\w~])~(?<strike>[^\\s~](?:[^~\\n]*[^\\s~])?)~(?![\\w~])",
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "g",
);
const WEB = /^(https?:\/\/|mailto:)/i;
const BULLET = /^\s*[•◦▪-]\s+/;
const NUMBER = /^\s*\d+[.)]\s+/;
const QUOTE = /^(?:&gt;|>)\s?/;

/** Undoes Slack's three escapes. */
export const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

/** A whole mrkdwn text as nodes, block structure included. */
export function mrkdwn(text) {
  return String(text ?? "")
    .split("```")
    .flatMap((part, index) => (index % 2 ? [preformatted(part)] : lines(part)));
}

function preformatted(text) {
  return h("pre.code", {}, unescape(text.replace(/^\n|\n$/g, "")));
}

/** Groups lines into quotes, lists and plain runs. */
function lines(text) {
  const groups = [];
  for (const line of text.split("\n")) {
    const kind = QUOTE.test(line) ? "quote" : BULLET.test(line) ? "bullets" : NUMBER.test(line) ? "numbers" : "plain";
    if (groups.at(-1)?.kind === kind) groups.at(-1).lines.push(line);
    else groups.push({ kind, lines: [line] });
  }
  return groups.flatMap((group) => GROUPS[group.kind](group.lines));
}

const GROUPS = {
  quote: (rows) => h("blockquote.quote", {}, broken(rows.map((row) => row.replace(QUOTE, "")))),
  bullets: (rows) =>
    h(
      "ul.list",
      {},
      rows.map((row) => h("li", {}, inline(row.replace(BULLET, "")))),
    ),
  numbers: (rows) =>
    h(
      "ol.list",
      { start: parseInt(rows[0], 10) || 1 },
      rows.map((row) => h("li", {}, inline(row.replace(NUMBER, "")))),
    ),
  plain: (rows) => (rows.length === 1 && !rows[0] ? [] : h("span.run", {}, broken(rows))),
};

function broken(rows) {
  return rows.flatMap((row, index) => (index ? [h("br"), inline(row)] : [inline(row)])).flat();
}

/** One run of text without line breaks. */
export function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(unescape(text.slice(end, match.index)));
    nodes.push(span(match));
    end = match.index + match[0].length;
  }
  if (end < text.length) nodes.push(unescape(text.slice(end)));
  return nodes;
}

function span({ 0: whole, groups }) {
  if (groups.angle) return angle(groups.angle);
  if (groups.code) return h("code.inline", {}, unescape(groups.code));
  if (groups.bold) return h("strong", {}, inline(groups.bold));
  if (groups.italic) return h("em", {}, inline(groups.italic));
  if (groups.strike) return h("s", {}, inline(groups.strike));
  return emoji(groups.emoji) ?? whole;
}

/** An emoji with its name for screen readers, or null when the shortcode is unknown. */
export function emoji(name) {
  const character = emojiFor(name.split("::")[0]);
  return character && h("span.emoji", { role: "img", "aria-label": name.replaceAll("_", " ") }, character);
}

/** The content of angle brackets: a link, a mention or a date. */
function angle(body) {
  if (body.startsWith("!date^")) return date(body);
  const [target, label] = body.split(/\|(.*)/s);
  const [sigil, id] = [target[0], target.slice(1)];
  if (sigil === "@") return mention("@" + (names.user(id) || label || id));
  if (sigil === "#") return mention("#" + names.channel(id));
  if (target.startsWith("!subteam^"))
    return mention("@" + names.usergroup(target.slice("!subteam^".length)).replace(/^@/, ""));
  if (sigil === "!") return mention("@" + id.split("^")[0]);
  if (!WEB.test(target)) return unescape(`<${body}>`);
  return link(unescape(target), label ? unescape(label) : null);
}

/** A highlighted name. */
export const mention = (text) => h("span.mention", {}, text);

/** A link that opens elsewhere; other schemes than the web's and mail's stay text. */
export function link(url, label) {
  const shown = label || url.replace(/^mailto:/, "");
  if (!WEB.test(url)) return shown;
  return h("a.link", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown);
}

function date(body) {
  const [head, fallback = ""] = body.split(/\|(.*)/s);
  const [, seconds, pattern, url] = head.split("^");
  const ms = Number(seconds) * 1000;
  if (!pattern || Number.isNaN(ms)) return unescape(fallback);
  const shown = h(
    "time",
    { datetime: new Date(ms).toISOString(), title: fullTime(ms) },
    slackDate(Number(seconds), unescape(pattern), nowMs()),
  );
  return url ? h("a.link", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown) : shown;
}
