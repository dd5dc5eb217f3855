/** Azure's long-running operations: running ones with their progress, then the latest that ended. */
import { h, icon, ICONS } from "./dom.js";
import { nowMs, state } from "./state.js";
import { clockTime, fullTime, span } from "./time.js";

const SHOWN = 40;
const REFRESH_MS = 250;

/** How long Azure takes at its own pace, by resource type (the sandbox's contract; divided by its speed). */
const DURATIONS_S = [
  [/managedclusters/i, 120],
  [/firewallpolicies|azurefirewalls/i, 240],
  [/./, 30],
];

/** "PUT ruleCollectionGroups" from the method and the full resource type. */
const shortKind = (kind) => kind.replace(/\S*\//, "");
const isRunning = (one) => !one.ended;

/** The operations under way. */
export const running = (operations) => operations.filter(isRunning);

const expectedMs = (one) =>
  ((one.expected_s ?? DURATIONS_S.find(([pattern]) => pattern.test(one.resource))[1]) * 1000) /
  (one.expected_s ? 1 : state.info.speed || 1);

/** Rows for `keyed`, the running ones first. */
export function operationRows(arm) {
  const newest = [...arm.operations]
    .sort((a, b) => isRunning(b) - isRunning(a) || Date.parse(b.started) - Date.parse(a.started))
    .slice(0, SHOWN);
  const rows = newest.map((one) => ({
    key: one.id,
    sign: JSON.stringify([one.status, one.ended, one.error, one.started]),
    make: () => row(one),
    flash: true,
  }));
  return rows.length
    ? rows
    : [
        {
          key: "none",
          sign: "",
          make: () =>
            h(
              "div.empty",
              {},
              icon(ICONS.clock),
              h("p", {}, "Nothing has been written to Azure yet."),
              h("p.muted", {}, "Approve a request, and its update runs here."),
            ),
        },
      ];
}

function row(one) {
  const look = isRunning(one) ? "running" : /succe/i.test(one.status) ? "done" : "failed";
  return h(
    `div.operation.${look}`,
    { title: one.resource },
    h(
      "div.operation-head",
      {},
      h("span.dot"),
      h("strong", {}, one.resource.split("/").at(-1)),
      h("span.state", {}, one.status),
    ),
    h(
      "div.operation-detail",
      {},
      h("span", { title: one.kind }, shortKind(one.kind)),
      h("span", { title: fullTime(Date.parse(one.started)) }, clockTime(Date.parse(one.started))),
      took(one),
    ),
    isRunning(one) &&
      h(
        "div.bar",
        {
          role: "progressbar",
          "aria-label": `Progress of ${one.kind}`,
          "data-started": Date.parse(one.started),
          "data-expected": expectedMs(one),
        },
        h("i"),
      ),
    one.error && h("div.operation-error", {}, `${one.error.code ?? "Error"}: ${one.error.message ?? ""}`),
  );
}

function took(one) {
  return one.ended
    ? h("span", {}, `took ${span(Date.parse(one.ended) - Date.parse(one.started))}`)
    : h("span", {}, `about ${span(expectedMs(one))}`);
}

/** Moves the progress bars by themselves; they stop short of the end until Azure says that it is done. */
export function startProgress() {
  setInterval(() => {
    for (const bar of document.querySelectorAll(".bar")) {
      const part = Math.min(0.97, (nowMs() - Number(bar.dataset.started)) / Number(bar.dataset.expected));
      bar.firstChild.style.width = `${Math.max(2, part * 100)}%`;
      bar.setAttribute("aria-valuenow", String(Math.round(part * 100)));
    }
  }, REFRESH_MS);
}
