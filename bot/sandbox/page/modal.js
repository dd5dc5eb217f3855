/**
 * Modals of the acting person: the view stack with its top shown, field errors, and values that survive an update of the view.
 */
import { problem, slack } from "./api.js";
import { blocks, text } from "./blocks.js";
import { h, fill, icon, ICONS } from "./dom.js";
import { people, state } from "./state.js";
import { toast } from "./toast.js";

const closed = new Set();
let dialog = null;
let lastAct = Promise.resolve();
let shown = { view: null, sign: null, fields: new Map() };

/** Shows, updates or hides the dialog after a change of state. */
export function renderModal() {
  const stack = (state.slack.views[state.actor] ?? []).filter((view) => !closed.has(view.id));
  const view = stack.at(-1);
  if (!view) return hide();
  const sign = JSON.stringify([view.id, view.title, view.submit, view.close, view.blocks, stack.length, state.actor]);
  if (sign === shown.sign) return;
  show(view, stack.length, sign);
}

function hide() {
  if (dialog?.open) dialog.close();
  shown = { view: null, sign: null, fields: new Map() };
}

function show(view, depth, sign) {
  const sameView = shown.view?.id === view.id;
  const values = sameView ? { ...view.state?.values, ...typedValues() } : view.state?.values;
  const scroll = sameView ? dialog.querySelector(".modal-body").scrollTop : 0;
  const focus = sameView ? document.activeElement?.dataset.focus : null;
  shown = { view, sign, fields: new Map() };
  dialog ??= makeDialog();
  fill(dialog, sheet(view, depth, values));
  dialog.setAttribute("aria-label", view.title.text);
  dialog.style.setProperty("--depth", depth - 1);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector(".modal-body").scrollTop = scroll;
  const target =
    (focus && dialog.querySelector(`[data-focus="${CSS.escape(focus)}"]`)) ||
    (!sameView && dialog.querySelector("[autofocus], .field input, .field textarea"));
  target?.focus?.({ preventScroll: sameView });
}

function makeDialog() {
  const node = h("dialog.modal", {
    oncancel: (event) => {
      event.preventDefault();
      dismiss();
    },
  });
  document.body.append(node);
  return node;
}

function sheet(view, depth, values) {
  const context = {
    surface: "modal",
    values,
    fields: shown.fields,
    act: (one, block, payload) => act(view, one, block, payload),
    options: (one, block, query) => options(view, one, block, query),
  };
  const who = people().find((one) => one.id === state.actor);
  return h(
    "form.sheet",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        submit(view, event.currentTarget);
      },
    },
    h(
      "header.modal-head",
      {},
      depth > 1 &&
        h("button.icon-button", { type: "button", "aria-label": "Back", onclick: () => dismiss() }, icon(ICONS.back)),
      h("h2", {}, text(view.title)),
      h("span.modal-who", {}, `as ${who?.name ?? state.actor}`),
      h("button.icon-button", { type: "button", "aria-label": "Close", onclick: () => dismiss() }, icon(ICONS.close)),
    ),
    h("div.modal-body", {}, blocks(view.blocks, context)),
    h(
      "footer.modal-foot",
      {},
      h(
        "button.button",
        { type: "button", onclick: () => dismiss() },
        view.close ? text(view.close) : view.submit ? "Cancel" : "Close",
      ),
      view.submit && h("button.button.primary", { type: "submit" }, text(view.submit)),
    ),
  );
}

/** What is typed now, in the shape of a view's state, so that an updated view starts from it. */
function typedValues() {
  const values = {};
  for (const { block, one, read } of shown.fields.values()) {
    values[block.block_id] = { ...values[block.block_id], [one.action_id]: typed(one, read()) };
  }
  return values;
}

function typed(one, value) {
  const kind = one.type.replace("multi_", "").replace("_select", "");
  const option = (single) => ({ value: single, text: { type: "plain_text", text: optionText(one, single) } });
  if (["users", "channels", "conversations"].includes(kind))
    return { [`selected_${kind}`]: [value].flat().filter(Boolean) };
  if (Array.isArray(value)) return { selected_options: value.map(option) };
  if (one.options || one.option_groups || kind === "external" || kind === "static")
    return { selected_option: value ? option(value) : null };
  return { value, selected_date: value, selected_time: value, selected_date_time: value };
}

function optionText(one, value) {
  const all = one.options ?? one.option_groups?.flatMap((group) => group.options) ?? [];
  return all.find((option) => option.value === value)?.text.text ?? value;
}

/** The values in the shape of the submit route: {block_id: {action_id: value}}. */
function submitted() {
  const values = {};
  for (const { block, one, read } of shown.fields.values()) {
    // The choice of an external menu is in the view's state already; see `elements.js`.
    if (one.type !== "external_select") values[block.block_id] = { ...values[block.block_id], [one.action_id]: read() };
  }
  return values;
}

const isEmpty = (value) => value === null || value === undefined || value === "" || value.length === 0;

/** Required fields that are still empty: Slack's own client stops here too. */
function missing() {
  const empty = [...shown.fields.values()].filter(
    ({ block, read }) => block.type === "input" && !block.optional && isEmpty(read()),
  );
  return Object.fromEntries(empty.map(({ block }) => [block.block_id, "Please complete this required field."]));
}

async function submit(view, form) {
  const errors = missing();
  if (Object.keys(errors).length) return showErrors(form, errors);
  form.classList.add("busy");
  try {
    await lastAct;
    const answer = await slack.submit(state.actor, view.id, submitted());
    showErrors(form, answer.errors ?? answer.body?.errors ?? {});
    if (problem(answer)) toast(problem(answer), "bad");
  } catch (error) {
    toast(error.message, "bad");
  } finally {
    form.classList.remove("busy");
  }
  return undefined;
}

function showErrors(form, errors) {
  for (const place of form.querySelectorAll("[data-error]")) {
    const message = errors[place.dataset.error] ?? "";
    place.textContent = message;
    place.closest(".field").classList.toggle("invalid", Boolean(message));
  }
  const first = form.querySelector(".field.invalid");
  first?.scrollIntoView({ block: "nearest" });
  first?.querySelector("input, textarea")?.focus({ preventScroll: true });
}

async function dismiss() {
  const view = shown.view;
  closed.add(view.id);
  renderModal();
  await slack.close(state.actor, view.id).catch(() => {});
}

function act(view, one, block, payload) {
  const act = { user: state.actor, view_id: view.id, block_id: block.block_id, action_id: one.action_id, ...payload };
  lastAct = slack
    .action(act)
    .catch((error) => ({ error: error.message }))
    .then((answer) => problem(answer) && toast(problem(answer), "bad"));
  return lastAct;
}

const options = (view, one, block, query) =>
  slack.options({ user: state.actor, view_id: view.id, block_id: block.block_id, action_id: one.action_id, query });
