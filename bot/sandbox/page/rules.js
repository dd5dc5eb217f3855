/** The firewall's rules in Azure's own order, one row each; those that the bot owns stand out. */
import { ruleSets } from "./azure.js";
import { h, icon, ICONS } from "./dom.js";

const allRules = (sets) =>
  sets.flatMap((set) => set.groups.flatMap((group) => group.collections.flatMap((one) => one.rules)));

/** How many rules there are in all. */
export const ruleCount = (resources) => allRules(ruleSets(resources)).length;

/** Rows for `keyed`: policy, group, collection and rule lines, flat so that each changes alone. */
export function ruleRows(resources) {
  const rows = ruleSets(resources).flatMap(setRows);
  return rows.length
    ? rows
    : [
        {
          key: "none",
          sign: "",
          make: () => h("div.empty", {}, icon(ICONS.flame), h("p", {}, "No firewall rules yet.")),
        },
      ];
}

function setRows(set) {
  const head = {
    key: set.key,
    sign: set.title + set.note,
    make: () => h("div.rule-set", {}, icon(ICONS.flame), h("strong", {}, set.title), h("span.muted", {}, set.note)),
  };
  const empty = { key: `${set.key}/empty`, sign: "", make: () => h("div.rule-empty", {}, "no rule collection groups") };
  return [head, ...(set.groups.length ? set.groups.flatMap(groupRows) : [empty])];
}

function groupRows(group) {
  const head = {
    key: group.key + "#group",
    sign: JSON.stringify([group.name, group.priority, group.ours, group.state]),
    make: () => groupHead(group),
  };
  return [head, ...group.collections.flatMap(collectionRows)];
}

function groupHead(group) {
  const updating = group.state && group.state !== "Succeeded";
  return h(
    `div.rule-group${group.ours ? ".ours" : ""}`,
    {},
    h("span.rule-group-name", {}, group.name),
    group.ours && h("span.ours-mark", {}, "the bot’s"),
    updating && h("span.state.busy", {}, group.state),
    group.priority && h("span.priority", { title: "Priority: lower goes first" }, group.priority),
  );
}

function collectionRows(collection) {
  const { key, name, priority, action, ours } = collection;
  const head = {
    key: `${key}#collection`,
    sign: JSON.stringify([name, action, priority, ours]),
    make: () => collectionHead(collection),
  };
  return [
    head,
    ...collection.rules.map((rule) => ({
      key: rule.key,
      sign: JSON.stringify([rule, ours]),
      make: () => ruleRow(rule, ours),
      flash: true,
    })),
  ];
}

function collectionHead({ name, priority, action, ours }) {
  return h(
    `div.rule-collection${ours ? ".ours" : ""}`,
    {},
    h(`span.action.${action.toLowerCase()}`, {}, action),
    h("span", {}, name),
    h("span.priority", {}, priority),
  );
}

function ruleRow(rule, ours) {
  return h(
    `div.rule${ours ? ".ours" : ""}`,
    { title: rule.description || rule.name, "data-rule": rule.name },
    h(
      "div.rule-targets",
      {},
      rule.targets.length ? rule.targets.map((target) => h("code", {}, target)) : h("span.muted", {}, rule.name),
    ),
    h(
      "div.rule-detail",
      {},
      h("span.rule-name", {}, rule.name),
      h("span", {}, rule.sources.join(", ") || "any source"),
      h("span", {}, rule.ports.join(", ")),
    ),
  );
}
