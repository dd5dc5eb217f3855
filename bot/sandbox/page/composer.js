/** The composer: commands with completion and history, plain messages, and the app's global shortcut. */
import { problem, slack } from "./api.js";
import { clusters } from "./azure.js";
import { completions } from "./completion.js";
import { h, fill } from "./dom.js";
import { botName, change, channelOf, messagesFor, nowMs, publicChannels, state } from "./state.js";
import { toast } from "./toast.js";

const HISTORY = "egress-sandbox.history";
const KEPT = 50;
const GLOBAL_SHORTCUT = "request_fqdn";

const history = JSON.parse(localStorage.getItem(HISTORY) || "[]");
let place = history.length;
let proposals = [];
let active = 0;
let dismissed = false;
let moved = false;

const input = () => document.getElementById("composer-input");
const menu = () => document.getElementById("completions");

/** Wires the composer's elements; once. */
export function startComposer() {
  input().addEventListener("input", () => {
    dismissed = false;
    propose();
  });
  input().addEventListener("keydown", onKey);
  input().addEventListener("blur", () => show([]));
  input().addEventListener("focus", () => input().value && propose());
  document.getElementById("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  document.getElementById("shortcut").addEventListener("click", shortcut);
}

/** Puts a line into the composer and the cursor behind it. */
export function fillComposer(line) {
  input().value = line;
  input().focus();
  input().setSelectionRange(line.length, line.length);
  resize();
  show([]);
}

/** Names the place in the placeholder; the input itself is never touched by an update. */
export function renderComposer() {
  const channel = publicChannels().find((one) => one.id === state.place.id);
  const where = state.place.kind === "channel" ? `#${channel?.name ?? ""}` : botName();
  input().placeholder = `Message ${where}, or type / for a command`;
  document.getElementById("composer-area").hidden = state.place.kind === "home";
}

function propose() {
  resize();
  const names = clusters(state.arm.resources).map((cluster) => cluster.name);
  show(dismissed ? [] : completions(input().value, state.info.commands ?? [], names));
}

function show(list) {
  proposals = list;
  active = 0;
  moved = false;
  fill(
    menu(),
    list.map((one, index) =>
      h(
        "li.completion",
        {
          role: "option",
          id: `completion-${index}`,
          onmousedown: (event) => {
            event.preventDefault();
            take(one);
          },
        },
        h("code", {}, one.label),
        one.usage && h("code.usage", {}, one.usage),
        h("span", {}, one.hint),
      ),
    ),
  );
  menu().hidden = !list.length;
  input().setAttribute("aria-expanded", String(list.length > 0));
  mark();
}

function mark() {
  [...menu().children].forEach((row, index) => {
    row.setAttribute("aria-selected", String(index === active));
    if (index === active) row.scrollIntoView({ block: "nearest" });
  });
  input().setAttribute("aria-activedescendant", proposals.length ? `completion-${active}` : "");
}

function take(proposal) {
  input().value = proposal.insert;
  propose();
}

const OPEN_KEYS = {
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  Tab: () => take(proposals[active]),
  Escape: () => {
    dismissed = true;
    show([]);
  },
  Enter: () => (isChoice() ? take(proposals[active]) : send()),
};
const CLOSED_KEYS = { ArrowUp: () => recall(-1), ArrowDown: () => recall(1), Enter: () => send() };

/** Enter takes a proposal that was moved to, or that finishes the word being typed; otherwise it sends. */
const isChoice = () =>
  moved || (!/\s$/.test(input().value) && proposals[active].insert.trim() !== input().value.trim());

function onKey(event) {
  if (event.shiftKey || event.isComposing) return;
  const keys = proposals.length ? OPEN_KEYS : CLOSED_KEYS;
  const multiline = input().value.includes("\n") && event.key !== "Enter";
  if (!keys[event.key] || multiline) return;
  event.preventDefault();
  keys[event.key]();
}

function step(by) {
  moved = true;
  active = (active + by + proposals.length) % proposals.length;
  mark();
}

function recall(by) {
  place = Math.min(history.length, Math.max(0, place + by));
  fillComposer(history[place] ?? "");
}

function remember(line) {
  if (history.at(-1) !== line) history.push(line);
  history.splice(0, history.length - KEPT);
  place = history.length;
  localStorage.setItem(HISTORY, JSON.stringify(history));
}

async function send() {
  const line = input().value.trim();
  if (!line) return;
  remember(line);
  fillComposer("");
  const channel = channelOf(state.place) ?? publicChannels()[0]?.id;
  if (line.startsWith("/")) await command(line, channel);
  else await slack.message(state.actor, channel, line).catch((error) => toast(error.message, "bad"));
}

/** Types a command; its echo shows immediately and takes the outcome when the acknowledgement is in. */
async function command(line, channel) {
  const [, name, rest = ""] = line.match(/^(\/\S+)\s*([\s\S]*)$/);
  if (name !== "/egress") return toast(`${name} is not a command here. Try /egress help.`, "bad");
  const last = Number(messagesFor(state.actor, channel).at(-1)?.ts ?? 0);
  const entry = {
    typed: true,
    ts: Math.max(nowMs() / 1000, last + 1e-4),
    user: state.actor,
    channel,
    text: line,
    outcome: "wait",
  };
  change({ typed: [...state.typed, entry] });
  Object.assign(entry, await outcome(channel, rest));
  change();
  return undefined;
}

async function outcome(channel, text) {
  try {
    const answer = await slack.command(state.actor, channel, text);
    const error = problem(answer);
    return error ? { outcome: "bad", error } : { outcome: "ok", ms: Math.round(answer.ms) };
  } catch (error) {
    return { outcome: "bad", error: error.message };
  }
}

async function shortcut() {
  const known = (state.info.shortcuts ?? []).find((one) => one.type === "global");
  const act = { user: state.actor, callback_id: known?.callback_id ?? GLOBAL_SHORTCUT };
  await slack.shortcut(act).catch((error) => toast(error.message, "bad"));
}

function resize() {
  input().style.height = "auto";
  input().style.height = `${input().scrollHeight}px`;
}
