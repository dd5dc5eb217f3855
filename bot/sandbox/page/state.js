/**
 * Everything that the page knows: the two simulators as last fetched, and what the person looking at it has chosen.
 * Listeners run once per animation frame, however many changes came.
 */

const SEEN = "egress-sandbox.seen";
const ROLES = [
  ["UDEV", "developer"],
  ["UAPP", "approver"],
  ["UAUD", "auditor"],
  ["UOPS", "operator"],
];

/** The one state object. `offsetMs` is how far the sandbox's clock is ahead of the browser's. */
export const state = {
  slack: { messages: [], views: {}, home: {}, users: [], usergroups: [], channels: [], files: [] },
  arm: { resources: {}, operations: [], traffic: [] },
  info: { commands: [], users: [], speed: 60 },
  loaded: false,
  offsetMs: 0,
  actor: "UDEV0001",
  place: { kind: "channel", id: "CEGRESS01" },
  typed: [],
  seen: JSON.parse(localStorage.getItem(SEEN) || "{}"),
};

const listeners = [];
let scheduled = false;

/** Calls `listener` after changes. */
export function onChange(listener) {
  listeners.push(listener);
}

/** Merges `patch` into the state and lets the listeners know. */
export function change(patch = {}) {
  Object.assign(state, patch);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    for (const listener of listeners) listener(state);
  });
}

/** The sandbox's time, in milliseconds since 1970. */
export const nowMs = () => Date.now() + state.offsetMs;

/** Everybody who can be played, with role: [{id, name, role, hue}]. */
export function people() {
  const roles = new Map((state.info.users ?? []).map((user) => [user.id, user.role]));
  return state.slack.users
    .filter((user) => !user.is_bot && !user.deleted && user.id !== "USLACKBOT")
    .map((user, index) => ({
      id: user.id,
      name: userName(user.id),
      role: roles.get(user.id) || roleOf(user.id),
      index,
    }));
}

function roleOf(id) {
  return ROLES.find(([prefix]) => id.startsWith(prefix))?.[1] ?? "member";
}

/** The display name of a user, or the id itself for a stranger. */
export function userName(id) {
  const user = state.slack.users.find((one) => one.id === id);
  return user?.real_name || user?.profile?.real_name || user?.profile?.display_name || user?.name || id || "App";
}

/** True for the bot's own user, and for messages without a person behind them. */
export function isBot(id) {
  const user = state.slack.users.find((one) => one.id === id);
  return user ? Boolean(user.is_bot) : !people().some((one) => one.id === id);
}

/** The bot's display name. */
export function botName() {
  const bot = state.slack.users.find((user) => user.is_bot);
  return bot ? userName(bot.id) : "Egress";
}

/** Channels that everybody shares. */
export const publicChannels = () => state.slack.channels.filter((channel) => !channel.id.startsWith("D"));

/** The direct conversation of a person with the bot, or null before its first message. */
export const directChannel = (user) =>
  state.slack.channels.find((one) => one.id.startsWith("D") && one.user === user) ?? null;

/** The channel id behind the chosen place; null for Home and for a conversation that has not begun. */
export function channelOf(place, actor = state.actor) {
  if (place.kind === "channel") return place.id;
  return place.kind === "dm" ? (directChannel(actor)?.id ?? null) : null;
}

/** The messages of a channel that a person can see, oldest first. */
export function messagesFor(user, channel) {
  return state.slack.messages
    .filter((one) => one.channel === channel && !one.deleted && (!one.ephemeral_for || one.ephemeral_for === user))
    .sort((a, b) => Number(a.ts) - Number(b.ts));
}

/** How many messages of a channel a person has not looked at. */
export function unread(user, channel) {
  const seen = Number(state.seen[user]?.[channel] ?? 0);
  return messagesFor(user, channel).filter((one) => Number(one.ts) > seen && one.user !== user).length;
}

/** What waits for a person alone: unread direct messages. */
export function waitingFor(user) {
  const channel = directChannel(user);
  return channel ? unread(user, channel.id) : 0;
}

/** Remembers that the acting person has seen everything in a channel. */
export function markSeen(channel) {
  const last = messagesFor(state.actor, channel).at(-1)?.ts;
  if (!last || state.seen[state.actor]?.[channel] === last) return;
  state.seen = { ...state.seen, [state.actor]: { ...state.seen[state.actor], [channel]: last } };
  localStorage.setItem(SEEN, JSON.stringify(state.seen));
  change();
}

/** Names for mentions, as `mrkdwn.js` wants them. */
export const names = {
  user: (id) => userName(id),
  usergroup: (id) => state.slack.usergroups.find((group) => group.id === id)?.handle ?? id,
  channel: (id) => state.slack.channels.find((channel) => channel.id === id)?.name ?? id,
};
