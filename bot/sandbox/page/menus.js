/** Block Kit's menus: static, external and people selects, single and multiple, and overflow menus. */
import { acts, labelOf, mark, remember, report, saved } from "./acting.js";
import { text } from "./blocks.js";
import { h, icon, ICONS } from "./dom.js";
import { matching, picker } from "./picker.js";
import { people, publicChannels } from "./state.js";

const shape = (option, group) => ({
  label: option.text.text,
  value: option.value,
  description: option.description?.text,
  group,
});
const fromGroups = (groups) =>
  groups.flatMap((group) => group.options.map((option) => shape(option, group.label.text)));
const optionsOf = (source) =>
  source.option_groups ? fromGroups(source.option_groups) : (source.options ?? []).map((option) => shape(option));

/** Where each kind of menu takes its options from. */
const SOURCES = {
  static: (one) => async (query) => matching(optionsOf(one), query),
  external: (one, block, context) => async (query) => optionsOf(await context.options(one, block, query)),
  users: () => async (query) =>
    matching(
      people().map((user) => ({ label: user.name, value: user.id, description: user.role })),
      query,
    ),
  conversations: () => async (query) => matching(channelOptions(), query),
  channels: () => async (query) => matching(channelOptions(), query),
};
const channelOptions = () => publicChannels().map((channel) => ({ label: `#${channel.name}`, value: channel.id }));

/** Every `…_select` and `multi_…_select`. */
export function menu(one, block, context) {
  const kind = one.type.replace("multi_", "").replace("_select", "");
  if (!SOURCES[kind]) return h("span.unknown", {}, `This page cannot show a “${one.type}”.`);
  const multi = one.type.startsWith("multi_");
  const external = kind === "external";
  const payload = (chosen) => ({ selected: multi ? chosen.map((option) => option.value) : chosen[0]?.value });
  const source = SOURCES[kind](one, block, context);
  let query = "";
  const load = (typed) => source((query = typed));
  const { node, read } = picker({
    label: labelOf(one, context),
    placeholder: one.placeholder?.text,
    multi,
    max: one.max_selected_items,
    initial: chosenAtFirst(one, saved(one, block, context), kind),
    load,
    focus: mark(one, block),
    onchange: (chosen) =>
      external
        ? tellChoice(one, block, context, { ...payload(chosen), query })
        : report(one, block, context, payload(chosen)),
  });
  remember(one, block, context, () => (multi ? read().map((option) => option.value) : (read()[0]?.value ?? null)));
  return node;
}

/** A choice from an external menu is reported immediately, in a modal too: only the query that found it leads to it again. */
async function tellChoice(one, block, context, payload) {
  if (acts(block, context)) await report(one, block, context, payload);
  else await context.act(one, block, payload);
}

/** What a menu shows before anybody touched it: the view's state, else the app's initial choice. */
function chosenAtFirst(one, state, kind) {
  const held = (name) => (state ? state[`selected_${name}`] : one[`initial_${name}`]);
  if (kind === "static" || kind === "external")
    return [held("options") ?? held("option") ?? []].flat().map((option) => shape(option));
  const ids = [held(kind) ?? held(kind.slice(0, -1)) ?? []].flat();
  const known = kind === "users" ? people().map((user) => ({ label: user.name, value: user.id })) : channelOptions();
  return known.filter((option) => ids.includes(option.value));
}

/** A button with a short list of acts. */
export function overflow(one, block, context) {
  const id = `overflow-${block.block_id}-${one.action_id}`;
  const rows = one.options.map((option) =>
    h(
      "button.menu-row",
      {
        type: "button",
        role: "menuitem",
        onclick: () => {
          list.hidePopover();
          report(one, block, context, { selected: option.value });
        },
      },
      h("span", {}, text(option.text)),
      option.description && h("small", {}, text(option.description)),
    ),
  );
  const list = h("div.menu.overflow-menu", { id, role: "menu", popover: "auto" }, rows);
  const opener = h(
    "button.button.icon-button",
    {
      type: "button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "data-focus": mark(one, block),
      onclick: () => {
        list.showPopover();
        const box = opener.getBoundingClientRect();
        list.style.left = `${Math.max(8, box.right - list.offsetWidth)}px`;
        list.style.top = `${Math.min(box.bottom + 4, window.innerHeight - list.offsetHeight - 8)}px`;
        rows[0]?.focus();
      },
    },
    icon(ICONS.more),
  );
  return h("span.overflow", {}, opener, list);
}
