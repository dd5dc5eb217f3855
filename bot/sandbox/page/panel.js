/** The right panel, "Simulated Azure": clusters, firewall rules, operations and the clock. */
import { advanceClock } from "./api.js";
import { clusters } from "./azure.js";
import { setClock } from "./events.js";
import { fillComposer } from "./composer.js";
import { h, icon, ICONS, keyed, setText } from "./dom.js";
import { operationRows, running } from "./operations.js";
import { ruleRows, ruleCount } from "./rules.js";
import { goTo } from "./rail.js";
import { nowMs, state } from "./state.js";
import { clockTime, fullTime, shortDay, span } from "./time.js";
import { trafficRows } from "./traffic.js";
import { toast } from "./toast.js";

const HOUR_S = 3600;
const JUMPS = [
  ["+1 h", HOUR_S],
  ["+1 day", 24 * HOUR_S],
  ["+7 days", 7 * 24 * HOUR_S],
];
const FLASH_MS = 6000;
const FILTER_FROM = 20;
const SHOWN = 100;
const filter = () => document.getElementById("cluster-filter");
let tab = "clusters";
let ready = false;

const TABS = {
  clusters: { label: "Clusters", count: () => clusters(state.arm.resources).length, rows: clusterRows },
  rules: { label: "Firewall", count: () => ruleCount(state.arm.resources), rows: () => ruleRows(state.arm.resources) },
  operations: {
    label: "Operations",
    count: () => running(state.arm.operations).length || "",
    rows: () => operationRows(state.arm),
  },
  traffic: { label: "Traffic", count: () => state.arm.traffic?.length || "", rows: () => trafficRows(state.arm) },
};

/** Wires tabs and clock; once. */
export function startPanel() {
  const tabs = Object.entries(TABS).map(([id, one]) =>
    h(
      "button.tab",
      { id: `tab-${id}`, role: "tab", "aria-controls": "panel-body", onclick: () => open(id), onkeydown: onTabKey },
      one.label,
      h("span.tab-count", {}),
    ),
  );
  document.getElementById("tabs").append(...tabs);
  document
    .getElementById("jumps")
    .append(
      ...JUMPS.map(([label, by]) =>
        h(
          "button.jump",
          { onclick: (event) => jump(event.currentTarget, by), "aria-label": `Move the clock ${label}` },
          label,
        ),
      ),
    );
  filter().addEventListener("input", renderPanel);
  setInterval(renderClock, 500);
}

function open(id) {
  tab = id;
  document.getElementById(`tab-${id}`).classList.remove("news");
  document.getElementById("panel-body").scrollTop = 0;
  renderPanel();
  document.querySelector(`#list-${id} .fresh`)?.scrollIntoView({ block: "center" });
}

function onTabKey(event) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  const ids = Object.keys(TABS);
  open(ids[(ids.indexOf(tab) + by + ids.length) % ids.length]);
  document.getElementById(`tab-${tab}`).focus();
}

/** Draws the panel after a change; rules that came since the last look flash. */
export function renderPanel() {
  for (const [id, one] of Object.entries(TABS)) {
    const button = document.getElementById(`tab-${id}`);
    button.setAttribute("aria-selected", String(id === tab));
    button.tabIndex = id === tab ? 0 : -1;
    button.classList.toggle("live", id === "operations" && Boolean(one.count()));
    setText(button.querySelector(".tab-count"), String(one.count()));
  }
  const body = document.getElementById("panel-body");
  body.setAttribute("aria-labelledby", `tab-${tab}`);
  for (const [id, one] of Object.entries(TABS)) renderList(id, one.rows());
  ready ||= state.loaded;
  renderClock();
}

/** Every list is kept drawn, so that changes in a hidden one can be told by a mark on its tab. */
function renderList(id, rows) {
  const list = document.getElementById(`list-${id}`);
  list.hidden = id !== tab;
  const added = keyed(list, rows);
  if (!ready) return;
  for (const row of rows) if (added.has(row.key) && row.flash) flash(list.children[rows.indexOf(row)], id);
}

function flash(node, id) {
  node.classList.add("fresh");
  if (id === tab) node.scrollIntoView({ block: "nearest" });
  else document.getElementById(`tab-${id}`).classList.add("news");
  setTimeout(() => {
    node.classList.remove("fresh");
    document.getElementById(`tab-${id}`).classList.remove("news");
  }, FLASH_MS);
}

/** The fleet, or what the filter leaves of it, so many rows at most. */
function clusterRows() {
  const all = clusters(state.arm.resources);
  filter().hidden = tab !== "clusters" || all.length <= FILTER_FROM;
  const query = filter().value.trim().toLowerCase();
  const wanted = query ? all.filter((cluster) => JSON.stringify(cluster).toLowerCase().includes(query)) : all;
  const rows = wanted
    .slice(0, SHOWN)
    .map((cluster) => ({ key: cluster.name, sign: JSON.stringify(cluster), make: () => clusterRow(cluster) }));
  const rest = wanted.length - rows.length;
  if (rest > 0)
    rows.push({
      key: "more",
      sign: String(rest),
      make: () => h("div.more", {}, `and ${rest} more: filter by name, outbound type or IP`),
    });
  return rows.length
    ? rows
    : [
        {
          key: "none",
          sign: "",
          make: () => h("div.empty", {}, icon(ICONS.cloud), h("p", {}, "No clusters in this subscription yet.")),
        },
      ];
}

/** The colour family and the short name of an outbound type. */
const OUTBOUND = {
  loadBalancer: ["blue", "load balancer"],
  managedNATGateway: ["teal", "managed NAT gateway"],
  userAssignedNATGateway: ["green", "own NAT gateway"],
  userDefinedRouting: ["violet", "user-defined routing"],
  none: ["grey", "none"],
  block: ["red", "block"],
};

function clusterRow(cluster) {
  const [colour, label] = OUTBOUND[cluster.outboundType] ?? ["grey", cluster.outboundType];
  const busy = cluster.state && cluster.state !== "Succeeded";
  return h(
    "button.cluster",
    { title: `Type /egress show ${cluster.name}`, "data-focus": cluster.name, onclick: () => show(cluster.name) },
    h(
      "span.cluster-head",
      {},
      h("span.cluster-name", {}, cluster.name),
      h(`span.state${busy ? ".busy" : ".calm"}`, { title: cluster.state }, h("span", {}, cluster.state)),
    ),
    h(
      "span.cluster-path",
      {},
      h(`span.tag.${colour}`, {}, label),
      cluster.note && h("span.cluster-note", {}, cluster.note),
    ),
    h(
      "span.ips",
      {},
      cluster.ips.length ? cluster.ips.map((ip) => h("code", {}, ip)) : h("span.muted", {}, "no egress IP of its own"),
    ),
  );
}

function show(name) {
  if (state.place.kind === "home") goTo({ kind: "channel", id: "CEGRESS01" });
  requestAnimationFrame(() => fillComposer(`/egress show ${name}`));
}

function renderClock() {
  const now = nowMs();
  setText(document.getElementById("clock-time"), clockTime(now));
  setText(document.getElementById("clock-day"), shortDay(now));
  document.getElementById("clock").title = fullTime(now);
  setText(document.getElementById("clock-ahead"), state.offsetMs > 60000 ? `${span(state.offsetMs)} ahead` : "now");
}

async function jump(button, by) {
  button.disabled = true;
  try {
    const answer = await advanceClock(by);
    setClock(answer.now ?? answer.clock ?? new Date(nowMs() + by * 1000).toISOString());
  } catch (error) {
    toast(error.message, "bad");
  }
  button.disabled = false;
  button.focus();
}
