/**
 * Block Kit's interactive elements. In a modal's input block an element only remembers its value (`context.fields`);
 * everywhere else, and with `dispatch_action`, using it is an act (`context.act`).
 */
import { acts, labelOf, mark, remember, report, saved } from "./acting.js";
import { text } from "./blocks.js";
import { confirmed } from "./confirm.js";
import { h } from "./dom.js";
import { menu, overflow } from "./menus.js";

const TYPING_PAUSE_MS = 400;

/** The DOM of one element of a block. */
export function element(one, block, context) {
  return (ELEMENTS[one.type] ?? menu)(one, block, context);
}

function button(one, block, context) {
  const look = one.style ? `button.button.${one.style}` : "button.button";
  const node = h(
    look,
    { type: "button", "data-focus": mark(one, block), "aria-label": one.accessibility_label ?? null, onclick: press },
    text(one.text),
  );
  async function press() {
    if (!(await confirmed(one.confirm))) return;
    if (one.url) window.open(one.url, "_blank", "noopener");
    node.classList.add("busy");
    await context.act(one, block, one.value === undefined ? {} : { value: one.value });
    node.classList.remove("busy");
  }
  return node;
}

/** Radio buttons and checkboxes. */
function choices(kind) {
  return (one, block, context) => {
    const state = saved(one, block, context);
    const initial = state
      ? (state.selected_options ?? [state.selected_option])
      : (one.initial_options ?? [one.initial_option]);
    const picked = new Set(initial.filter(Boolean).map((option) => option.value));
    const group = `${block.block_id}-${one.action_id}`;
    const boxes = one.options.map((option) =>
      h("input", {
        type: kind,
        name: group,
        value: option.value,
        checked: picked.has(option.value),
        "data-focus": `${group}/${option.value}`,
        onchange: () => report(one, block, context, { selected: read() }),
      }),
    );
    const read = () => {
      const values = boxes.filter((box) => box.checked).map((box) => box.value);
      return kind === "radio" ? (values[0] ?? null) : values;
    };
    remember(one, block, context, read);
    return h(
      "div.choices",
      { role: kind === "radio" ? "radiogroup" : "group", "aria-label": labelOf(one, context) },
      one.options.map((option, index) =>
        h(
          "label.choice",
          {},
          boxes[index],
          h(
            "span",
            {},
            h("span", {}, text(option.text)),
            option.description && h("small", {}, text(option.description)),
          ),
        ),
      ),
    );
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
  datetimepicker: {
    type: "datetime-local",
    initial: "initial_date_time",
    state: "selected_date_time",
    act: "selected",
    show: localTime,
    parse: seconds,
  },
};

function input(one, block, context) {
  const { type, initial, state, act, show = identity, parse = (value) => value || null } = INPUTS[one.type];
  const first = saved(one, block, context)?.[state] ?? one[initial];
  const node = h(one.multiline ? "textarea.input" : "input.input", {
    type: one.multiline ? null : type,
    rows: one.multiline ? 4 : null,
    placeholder: one.placeholder?.text,
    "aria-label": labelOf(one, context),
    "data-focus": mark(one, block),
    min: one.min_value,
    max: one.max_value,
    step: type === "number" && one.is_decimal_allowed ? "any" : null,
    maxlength: one.max_length,
    autofocus: one.focus_on_load,
    autocomplete: "off",
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
