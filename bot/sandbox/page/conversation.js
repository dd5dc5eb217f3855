/** The middle of the page: a channel's messages, the direct conversation, or the app's Home. */
import { slack } from "./api.js";
import { blocks } from "./blocks.js";
import { h, icon, ICONS, keyed, setText } from "./dom.js";
import { intro } from "./intro.js";
import { fileCard, messageRow, timeOf } from "./message.js";
import { botName, channelOf, markSeen, messagesFor, nowMs, people, publicChannels, state } from "./state.js";
import { clockTime, dayName } from "./time.js";
import { toast } from "./toast.js";

const GROUP_MS = 5 * 60 * 1000;
const NEAR_BOTTOM_PX = 120;
let lastPlace = "";

/** Draws the conversation after a change and keeps the scroll position, or the bottom if that was in sight. */
export function renderConversation() {
  const scroller = document.getElementById("scroller");
  const list = document.getElementById("messages");
  const here = JSON.stringify([state.place, state.actor]);
  const moved = here !== lastPlace;
  const follow = moved || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM_PX;
  if (moved) arrive();
  lastPlace = here;
  renderTitle();
  keyed(list, state.place.kind === "home" ? homeRows() : rows());
  if (moved && state.place.kind === "home") scroller.scrollTop = 0;
  else if (follow && state.place.kind !== "home") scroller.scrollTop = scroller.scrollHeight;
  const channel = channelOf(state.place);
  if (channel && document.visibilityState === "visible") markSeen(channel);
}

/** Opening Home is an event that the app hears of. */
function arrive() {
  if (state.place.kind === "home") slack.home(state.actor).catch((error) => toast(error.message, "bad"));
}

function renderTitle() {
  const channel = publicChannels().find((one) => one.id === state.place.id);
  const who = people().find((one) => one.id === state.actor)?.name ?? "";
  const [glyph, title, topic] = {
    home: () => [ICONS.home, "Home", `What ${who} sees when opening ${botName()}`],
    dm: () => [ICONS.chat, botName(), `Between ${who} and the app`],
    channel: () => [ICONS.hash, channel?.name ?? "", topicOf(channel)],
  }[state.place.kind]();
  keyed(document.getElementById("title"), [
    { key: "title", sign: glyph + title, make: () => h("h1", {}, icon(glyph), title) },
  ]);
  setText(document.getElementById("topic"), topic);
}

function topicOf(channel) {
  const topic = channel?.topic?.value ?? channel?.topic ?? channel?.purpose?.value;
  return typeof topic === "string" && topic
    ? topic
    : channel?.id === "CEGRESS01"
      ? "Ask for egress, see it decided, watch it open"
      : "";
}

function homeRows() {
  const view = state.slack.home[state.actor];
  if (!view)
    return [
      {
        key: "home-empty",
        sign: state.actor,
        make: () => h("div.empty", {}, icon(ICONS.home), h("p", {}, "The app is preparing this Home…")),
      },
    ];
  const context = {
    surface: "home",
    values: view.state?.values,
    act: (one, block, payload) => actInHome(view, one, block, payload),
    options: (one, block, query) =>
      slack.options({ user: state.actor, view_id: view.id, block_id: block.block_id, action_id: one.action_id, query }),
  };
  return view.blocks.map((block, index) => ({
    key: `home-${state.actor}-${block.block_id ?? index}`,
    sign: JSON.stringify(block),
    make: () => h("div.home-block", {}, blocks([block], context)),
  }));
}

async function actInHome(view, one, block, payload) {
  const act = { user: state.actor, view_id: view.id, block_id: block.block_id, action_id: one.action_id, ...payload };
  await slack.action(act).catch((error) => toast(error.message, "bad"));
}

/** The rows of a conversation: introduction, days, messages with their replies, files, and what was typed. */
function rows() {
  const channel = channelOf(state.place);
  const visible = channel ? messagesFor(state.actor, channel) : [];
  const replies = Map.groupBy(
    visible.filter((one) => one.thread_ts && one.thread_ts !== one.ts),
    (one) => one.thread_ts,
  );
  const roots = visible.filter(
    (one) => !one.thread_ts || one.thread_ts === one.ts || !visible.some((other) => other.ts === one.thread_ts),
  );
  const timeline = [...roots, ...typedHere(channel), ...looseFiles(channel, visible)].sort(
    (a, b) => Number(a.ts) - Number(b.ts),
  );
  const head = {
    key: `intro-${JSON.stringify(state.place)}-${state.actor}`,
    sign: String(state.loaded),
    make: () => intro(),
  };
  return [head, ...timeline.flatMap((one, index) => entryRows(one, timeline[index - 1], replies))];
}

const typedHere = (channel) => state.typed.filter((one) => one.channel === channel && one.user === state.actor);

/** Files that no message carries, where the simulator says when they came. */
function looseFiles(channel, visible) {
  const carried = new Set(visible.flatMap((one) => one.files ?? []));
  return (state.slack.files ?? [])
    .filter((file) => file.channel === channel && !carried.has(file.id))
    .map((file) => ({ file, ts: file.ts ?? file.timestamp ?? file.created ?? nowMs() / 1000 }));
}

function entryRows(entry, before, replies) {
  const row = entry.typed
    ? typedRow(entry)
    : entry.file
      ? fileRow(entry.file)
      : fullRow(entry, before, replies.get(entry.ts) ?? []);
  const day = dayName(timeOf(entry), nowMs());
  if (before && dayName(timeOf(before), nowMs()) === day) return [row];
  return [{ key: `day-${day}`, sign: day, make: () => h("div.day", { role: "separator" }, h("span", {}, day)) }, row];
}

function fullRow(message, before, replies) {
  const compact = Boolean(
    before?.user &&
    !before.typed &&
    before.user === message.user &&
    !before.ephemeral_for &&
    !message.ephemeral_for &&
    timeOf(message) - timeOf(before) < GROUP_MS,
  );
  const names = [state.slack.users.length, state.actor];
  return {
    key: `${message.channel}-${message.ts}`,
    sign: JSON.stringify([message, compact, replies, names]),
    make: () => messageRow(message, { compact, replies }),
  };
}

const fileRow = (file) => ({
  key: `file-${file.id}`,
  sign: JSON.stringify(file),
  make: () => h("div.loose-file", {}, fileCard(file)),
});

/** The echo of a typed command, with what became of its acknowledgement. */
function typedRow(entry) {
  const marks = { wait: ["spinner", "working"], ok: ["ok", `answered in ${entry.ms} ms`], bad: ["bad", entry.error] };
  const [look, note] = marks[entry.outcome];
  return {
    key: `typed-${entry.ts}`,
    sign: entry.outcome,
    make: () =>
      h(
        "div.typed",
        {},
        h("span.typed-time", {}, clockTime(timeOf(entry))),
        h("code", {}, entry.text),
        h(`span.outcome.${look}`, {}, note),
      ),
  };
}
