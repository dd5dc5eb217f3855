/** One message as a row: author, time, marks, body, files, thread, and what a person can do with it. */
import { problem, slack } from "./api.js";
import { avatar } from "./avatar.js";
import { blocks } from "./blocks.js";
import { h, icon, ICONS } from "./dom.js";
import { mrkdwn } from "./mrkdwn.js";
import { botName, isBot, nowMs, state, userName } from "./state.js";
import { clockTime, fullTime, relative } from "./time.js";
import { toast } from "./toast.js";

const MESSAGE_SHORTCUT = "request_fqdn_from_message";

/** A message's time in milliseconds since 1970. */
export const timeOf = (message) => Number(message.ts) * 1000;

/** The row of a message; `compact` leaves out the author, who also wrote the one above. */
export function messageRow(message, { compact = false, replies = [] } = {}) {
  const mine = Boolean(message.ephemeral_for);
  return h(
    `article.message${compact ? ".compact" : ""}${mine ? ".ephemeral" : ""}`,
    { "data-ts": message.ts, "aria-label": `Message from ${author(message)}` },
    compact ? h("span.gutter", {}, clockTime(timeOf(message))) : avatar(message.user),
    h(
      "div.message-main",
      {},
      mine && h("div.only-you", {}, icon(ICONS.eye), "Only visible to you"),
      !compact && head(message),
      h("div.message-body", {}, body(message)),
      filesOf(message).map(fileCard),
      replies.length > 0 && thread(replies),
    ),
    tools(message),
  );
}

const author = (message) => (isBot(message.user) ? botName() : userName(message.user));

function head(message) {
  return h(
    "div.message-head",
    {},
    h("strong", {}, author(message)),
    isBot(message.user) && h("span.app-mark", {}, "APP"),
    when(message),
    message.edits > 0 &&
      h("span.edited", { title: message.edits === 1 ? "Updated once" : `Updated ${message.edits} times` }, "edited"),
  );
}

/** Absolute in the tooltip and as text, relative beside it; `app.js` refreshes `data-relative` as time goes by. */
function when(message) {
  const ms = timeOf(message);
  return h(
    "time.when",
    { datetime: new Date(ms).toISOString(), title: fullTime(ms) },
    clockTime(ms),
    h("span.ago", { "data-relative": ms }, relative(ms, nowMs())),
  );
}

/** The blocks of a message, or its text when it has none. */
function body(message) {
  const context = {
    surface: "message",
    act: (one, block, payload) => act(message, one, block, payload),
    options: (one, block, query) => options(message, one, block, query),
  };
  return message.blocks?.length ? blocks(message.blocks, context) : h("div.text", {}, mrkdwn(message.text));
}

const target = (message, one, block) => ({
  user: state.actor,
  channel: message.channel,
  message_ts: message.ts,
  block_id: block.block_id,
  action_id: one.action_id,
});

async function act(message, one, block, payload) {
  const answer = await slack
    .action({ ...target(message, one, block), ...payload })
    .catch((error) => ({ error: error.message }));
  if (problem(answer)) toast(problem(answer), "bad");
}

const options = (message, one, block, query) => slack.options({ ...target(message, one, block), query });

/** The files that a message carries. */
export const filesOf = (message) => state.slack.files.filter((file) => message.files?.includes(file.id));

/** A file with its size and a link that downloads it. */
export function fileCard(file) {
  return h(
    "a.file",
    { href: file.url, download: file.name },
    h("span.file-icon", {}, icon(ICONS.file)),
    h("span.file-name", {}, file.title || file.name, h("small", {}, `${file.name} · ${size(file.size)}`)),
    icon(ICONS.download, "Download"),
  );
}

function size(bytes) {
  return bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1048576
      ? `${(bytes / 1024).toFixed(1)} kB`
      : `${(bytes / 1048576).toFixed(1)} MB`;
}

function thread(replies) {
  const label = replies.length === 1 ? "1 reply" : `${replies.length} replies`;
  return h(
    "details.thread",
    { open: true },
    h("summary", {}, label),
    replies.map((reply) => messageRow(reply)),
  );
}

/** What appears over a message: its shortcut. */
function tools(message) {
  const shortcut = (state.info.shortcuts ?? []).find((one) => one.type === "message") ?? {
    name: "Request egress from this message",
    callback_id: MESSAGE_SHORTCUT,
  };
  const run = () =>
    slack
      .shortcut({
        user: state.actor,
        callback_id: shortcut.callback_id,
        message_ts: message.ts,
        channel: message.channel,
      })
      .catch((error) => toast(error.message, "bad"));
  return (
    !message.ephemeral_for &&
    !isBot(message.user) &&
    h(
      "div.tools",
      {},
      h(
        "button.tool",
        { title: shortcut.name, "aria-label": shortcut.name, onclick: run },
        icon(ICONS.bolt),
        shortcut.name,
      ),
    )
  );
}
