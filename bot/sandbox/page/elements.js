/**
 * Block Kit's interactive elements. In a modal's input block an element only remembers its value (`context.fields`);
 * everywhere else, and with `dispatch_action`, using it is an act (`context.act`).
 */
import { text } from "./blocks.js";
import { confirmed } from "./confirm.js";
import { h, icon, ICONS } from "./dom.js";
import { matching, picker } from "./picker.js";
import { people, publicChannels } from "./state.js";

const TYPING_PAUSE_MS = 400;

/** The DOM of one element of a block. */
export function element(one, block, context) {
  return (ELEMENTS[one.type] ?? menu)(one, block, context);
}

const mark = (one, block) => `${block.block_id ?? ""}/${one.action_id ?? ""}/${one.value ?? ""}`;
const labelOf = (one, context) => context.label || one.placeholder?.text || one.action_id;
const saved = (one, block, context) => context.values?.[block.block_id]?.[one.action_id];

/** True where using the element is an act of its own. */
const acts = (block, context) => context.surface !== "modal" || block.type !== "input" || block.dispatch_action;

/** Lets the form read the element's value. */
function remember(one, block, context, read) {
  context.fields?.set(`${block.block_id}\n${one.action_id}`, { block, one, read });
}

/** Reports a choice, after its confirmation dialog if it has one. */
async function report(one, block, context, payload) {
  if (acts(block, context) && (await confirmed(one.confirm))) await context.act(one, block, payload);
}

function button(one, block, context) {
  const look = one.style ? `button.button.${one.style}` : "button.button";
  const node = h(look, { type: "button", "data-focus": mark(one, block), "aria-label": one.accessibility_label ?? null, onclick: press }, text(one.text));
  async function press() {
    if (!(await confirmed(one.confirm))) return;
    if (one.url) window.open(one.url, "_blank", "noopener");
    node.classList.add("busy");
    await context.act(one, block, one.value === undefined ? {} : { value: one.value });
    node.classList.remove("busy");
  }
  return node;
}

function overflow(one, block, context) {
  const id = `overflow-${block.block_id}-${one.action_id}`;
  const rows = one.options.map((option) =>
    h("button.menu-row", { type: "button", role: "menuitem", onclick: () => { list.hidePopover(); report(one, block, context, { selected: option.value }); } },
      h("span", {}, text(option.text)), option.description && h("small", {}, text(option.description))));
  const list = h("div.menu.overflow-menu", { id, role: "menu", popover: "auto" }, rows);
  const opener = h("button.button.icon-button", { type: "button", "aria-label": "More actions", "aria-haspopup": "menu", "data-focus": mark(one, block), onclick: () => {
    list.showPopover();
    const box = opener.getBoundingClientRect();
    list.style.left = `${Math.max(8, box.right - list.offsetWidth)}px`;
    list.style.top = `${Math.min(box.bottom + 4, window.innerHeight - list.offsetHeight - 8)}px`;
    rows[0]?.focus();
  } }, icon(ICONS.more));
  return h("span.overflow", {}, opener, list);
}

const shape = (option, group) => ({ label: option.text.text, value: option.value, description: option.description?.text, group });
const fromGroups = (groups) => groups.flatMap((group) => group.options.map((option) => shape(option, group.label.text)));
const optionsOf = (source) => (source.option_groups ? fromGroups(source.option_groups) : (source.options ?? []).map((option) => shape(option)));

/** Where each kind of menu takes its options from. */
const SOURCES = {
  static: (one) => async (query) => matching(optionsOf(one), query),
  external: (one, block, context) => async (query) => optionsOf(await context.options(one, block, query)),
  users: () => async (query) => matching(people().map((user) => ({ label: user.name, value: user.id, description: user.role })), query),
  conversations: () => async (query) => matching(channelOptions(), query),
  channels: () => async (query) => matching(channelOptions(), query),
};
const channelOptions = () => publicChannels().map((channel) => ({ label: `#${channel.name}`, value: channel.id }));

/** Every `…_select` and `multi_…_select`. */
function menu(one, block, context) {
  const kind = one.type.replace("multi_", "").replace("_select", "");
  if (!SOURCES[kind]) return h("span.unknown", {}, `This page cannot show a “${one.type}”.`);
  const multi = one.type.startsWith("multi_");
  const external = kind === "external";
  const payload = (chosen) => ({ selected: multi ? chosen.map((option) => option.value) : chosen[0]?.value });
  const source = SOURCES[kind](one, block, context);
  let query = "";
  const load = (typed) => source((query = typed));
  const { node, read } = picker({
    label: labelOf(one, context), placeholder: one.placeholder?.text, multi, max: one.max_selected_items, initial: chosenAtFirst(one, saved(one, block, context), kind), load,
    focus: mark(one, block), onchange: (chosen) => (external ? tellChoice(one, block, context, { ...payload(chosen), query }) : report(one, block, context, payload(chosen))),
  });
  remember(one, block, context, () => (multi ? read().map((option) => option.value) : read()[0]?.value ?? null));
  return node;
}

/** A choice from an external menu is told at once, in a modal too: only the query that found it leads to it again. */
async function tellChoice(one, block, context, payload) {
  if (acts(block, context)) await report(one, block, context, payload);
  else await context.act(one, block, payload);
}

/** What a menu shows before anybody touched it: the view's state, else the app's initial choice. */
function chosenAtFirst(one, state, kind) {
  const held = (name) => (state ? state[`selected_${name}`] : one[`initial_${name}`]);
  if (kind === "static" || kind === "external") return [held("options") ?? held("option") ?? []].flat().map((option) => shape(option));
  const ids = [held(kind) ?? held(kind.slice(0, -1)) ?? []].flat();
  const known = kind === "users" ? people().map((user) => ({ label: user.name, value: user.id })) : channelOptions();
  return known.filter((option) => ids.includes(option.value));
}

/** Radio buttons and checkboxes. */
function choices(kind) {
  return (one, block, context) => {
    const state = saved(one, block, context);
    const initial = state ? state.selected_options ?? [state.selected_option] : one.initial_options ?? [one.initial_option];
    const picked = new Set(initial.filter(Boolean).map((option) => option.value));
    const group = `${block.block_id}-${one.action_id}`;
    const boxes = one.options.map((option) => h("input", { type: kind, name: group, value: option.value, checked: picked.has(option.value), "data-focus": `${group}/${option.value}`, onchange: () => report(one, block, context, { selected: read() }) }));
    const read = () => {
      const values = boxes.filter((box) => box.checked).map((box) => box.value);
      return kind === "radio" ? values[0] ?? null : values;
    };
    remember(one, block, context, read);
    return h("div.choices", { role: kind === "radio" ? "radiogroup" : "group", "aria-label": labelOf(one, context) },
      one.options.map((option, index) => h("label.choice", {}, boxes[index],
        h("span", {}, h("span", {}, text(option.text)), option.description && h("small", {}, text(option.description))))));
  };
}

const seconds = (local) => (local ? Math.round(new Date(local).getTime() / 1000) : null);
const localTime = (unix) => {
  const date = new Date(unix * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};
const identity = (value) => value;

/** Elements that are one HTML input: its type, where its first value comes from, and how the value reads. */
const INPUTS = {
  plain_text_input: { type: "text", initial: "initial_value", state: "value", act: "value" },
  email_text_input: { type: "email", initial: "initial_value", state: "value", act: "value" },
  url_text_input: { type: "url", initial: "initial_value", state: "value", act: "value" },
  number_input: { type: "number", initial: "initial_value", state: "value", act: "value" },
  datepicker: { type: "date", initial: "initial_date", state: "selected_date", act: "selected" },
  timepicker: { type: "time", initial: "initial_time", state: "selected_time", act: "selected" },
  datetimepicker: { type: "datetime-local", initial: "initial_date_time", state: "selected_date_time", act: "selected", show: localTime, parse: seconds },
};

function input(one, block, context) {
  const { type, initial, state, act, show = identity, parse = (value) => value || null } = INPUTS[one.type];
  const first = saved(one, block, context)?.[state] ?? one[initial];
  const node = h(one.multiline ? "textarea.input" : "input.input", {
    type: one.multiline ? null : type, rows: one.multiline ? 4 : null, placeholder: one.placeholder?.text, "aria-label": labelOf(one, context), "data-focus": mark(one, block),
    min: one.min_value, max: one.max_value, step: type === "number" && one.is_decimal_allowed ? "any" : null, maxlength: one.max_length, autofocus: one.focus_on_load, autocomplete: "off",
  });
  if (first !== undefined && first !== null) node.value = show(first);
  const read = () => parse(node.value);
  remember(one, block, context, read);
  if (acts(block, context)) listen(node, one, () => report(one, block, context, { [act]: read() }));
  return node;
}

/** Acts on change, and while typing where the block asks for that. */
function listen(node, one, tell) {
  let timer = null;
  const typing = one.dispatch_action_config?.trigger_actions_on?.includes("on_character_entered");
  node.addEventListener("change", tell);
  if (!typing) return;
  node.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(tell, TYPING_PAUSE_MS);
  });
}

const ELEMENTS = {
  button,
  overflow,
  image: (one) => h("img.thumb", { src: one.image_url, alt: one.alt_text }),
  radio_buttons: choices("radio"),
  checkboxes: choices("checkbox"),
  ...Object.fromEntries(Object.keys(INPUTS).map((type) => [type, input])),
};
