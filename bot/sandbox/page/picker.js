/**
 * One combobox for all of Slack's menus: static, external and people, single and multiple.
 * Type to filter, arrow keys to move, Enter to choose, Escape to leave, Backspace to drop the last of several.
 */
import { h, fill, icon, ICONS } from "./dom.js";

let count = 0;
const QUERY_PAUSE_MS = 180;

/**
 * @param load async (query) => [{label, value, description?, group?}]
 * @param initial the options chosen at first
 * @param onchange called with the chosen options after the person chose
 * @returns {node, read}: the element, and a function that gives the chosen options
 */
export function picker({
  label,
  placeholder,
  multi = false,
  max = Infinity,
  initial = [],
  load,
  onchange = () => {},
  focus,
}) {
  const id = `menu-${++count}`;
  let chosen = [...initial];
  let shown = [];
  let active = -1;
  let timer = null;

  const list = h("ul.menu", {
    id,
    role: "listbox",
    popover: "manual",
    "aria-label": label,
    "aria-multiselectable": multi,
  });
  const input = h("input.picker-input", {
    role: "combobox",
    "aria-controls": id,
    "aria-expanded": "false",
    "aria-autocomplete": "list",
    "aria-label": label,
    autocomplete: "off",
    spellcheck: "false",
    "data-focus": focus,
    onblur: close,
    oninput: () => later(input.value),
    onkeydown: onKey,
  });
  const chips = h("span.chips");
  const node = h(
    multi ? "div.picker.multi" : "div.picker",
    {
      onclick: () => {
        input.focus();
        open("");
      },
    },
    chips,
    input,
    h("span.picker-arrow", {}, icon(ICONS.down)),
    list,
  );

  function later(query) {
    clearTimeout(timer);
    timer = setTimeout(() => open(query), QUERY_PAUSE_MS);
  }

  async function open(query) {
    if (!multi && !query) input.select();
    show(await load(query).catch((error) => [{ label: error.message, value: null }]));
  }

  function show(options) {
    if (document.activeElement !== input) return;
    shown = options.filter((option) => !multi || !chosen.some((one) => one.value === option.value));
    active = shown.length
      ? Math.max(
          0,
          shown.findIndex((option) => option.value === chosen[0]?.value),
        )
      : -1;
    fill(list, shown.length ? rows() : h("li.menu-empty", {}, "Nothing matches"));
    place();
    mark();
  }

  function rows() {
    let group = null;
    return shown.map((option, index) => {
      const head =
        option.group && option.group !== group ? h("li.menu-group", { role: "presentation" }, option.group) : null;
      group = option.group;
      const row = h(
        "li.menu-row",
        {
          role: "option",
          id: `${id}-${index}`,
          onmousedown: (event) => {
            event.preventDefault();
            choose(option);
          },
        },
        h("span", {}, option.label),
        option.description && h("small", {}, option.description),
      );
      return [head, row];
    });
  }

  function place() {
    if (!list.matches(":popover-open")) list.showPopover();
    const box = node.getBoundingClientRect();
    const below = window.innerHeight - box.bottom;
    list.style.left = `${box.left}px`;
    list.style.width = `${Math.max(box.width, 200)}px`;
    list.style.top = below > 220 || below > box.top ? `${box.bottom + 4}px` : `${box.top - 4 - list.offsetHeight}px`;
    input.setAttribute("aria-expanded", "true");
  }

  function mark() {
    list.querySelectorAll("[role=option]").forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === active));
      if (index === active) row.scrollIntoView({ block: "nearest" });
    });
    input.setAttribute("aria-activedescendant", active < 0 ? "" : `${id}-${active}`);
  }

  function close() {
    clearTimeout(timer);
    if (list.matches(":popover-open")) list.hidePopover();
    input.setAttribute("aria-expanded", "false");
    shown = [];
    paint();
  }

  function choose(option) {
    if (option.value === null || (multi && chosen.length >= max)) return;
    chosen = multi ? [...chosen, option] : [option];
    paint();
    onchange(chosen);
    if (multi) open("");
    else close();
  }

  function drop(option) {
    chosen = chosen.filter((one) => one !== option);
    paint();
    onchange(chosen);
  }

  function onKey(event) {
    const keys = {
      ArrowDown: () => step(1),
      ArrowUp: () => step(-1),
      Enter: () => shown[active] && choose(shown[active]),
      Escape: close,
    };
    if (event.key === "Backspace" && multi && !input.value && chosen.length) drop(chosen.at(-1));
    if (!keys[event.key]) return;
    if (event.key === "Escape" && !shown.length) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }

  function step(by) {
    if (!shown.length) return open(input.value);
    active = (active + by + shown.length) % shown.length;
    mark();
  }

  function paint() {
    input.value = multi ? "" : (chosen[0]?.label ?? "");
    input.placeholder = multi && chosen.length ? "" : placeholder || "Choose…";
    fill(
      chips,
      multi &&
        chosen.map((option) =>
          h(
            "span.chip",
            {},
            option.label,
            h(
              "button.chip-drop",
              { type: "button", "aria-label": `Remove ${option.label}`, onclick: () => drop(option) },
              "×",
            ),
          ),
        ),
    );
  }

  paint();
  return { node, read: () => chosen };
}

/** Options whose label or description holds the query. */
export function matching(options, query) {
  const needle = query.trim().toLowerCase();
  return options.filter((one) => !needle || `${one.label} ${one.description ?? ""}`.toLowerCase().includes(needle));
}
