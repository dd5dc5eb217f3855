/** Scripted traffic: a pod asks for a host, and the simulated firewall says what becomes of it. */
import { sendTraffic, stopTraffic } from "./api.js";
import { clusters } from "./azure.js";
import { h } from "./dom.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

const PER_MINUTE = 30;
const FIRST = "aks-udr";

/** Rows for `keyed`: the form, then the flows, the newest first. */
export function trafficRows(arm) {
  const names = clusters(arm.resources).map((one) => one.name);
  const form = { key: "form", sign: names.join(" "), make: () => trafficForm(names) };
  const flows = [...(arm.traffic ?? [])].reverse();
  return [form, ...flows.map((one) => ({ key: one.id, sign: JSON.stringify(one), make: () => row(one), flash: true }))];
}

function trafficForm(names) {
  const options = names.map((name) => h("option", { value: name, selected: name === FIRST || null }, name));
  const cluster = h("select.traffic-field", { "aria-label": "Cluster" }, options);
  const host = h("input.traffic-field", { "aria-label": "Host", placeholder: "api.example.com", required: "" });
  const port = h("input.traffic-field.port", { "aria-label": "Port", value: "443", inputmode: "numeric" });
  const send = async (event) => {
    event.preventDefault();
    const asked = { cluster: cluster.value, host: host.value.trim(), port: Number(port.value) };
    try {
      await sendTraffic({ ...asked, rate_per_minute: PER_MINUTE });
      host.value = "";
    } catch (error) {
      toast(error.message, "bad");
    }
  };
  return h(
    "form.traffic-form",
    { onsubmit: send },
    h("p.muted", {}, `A pod asks ${PER_MINUTE} times a minute. The firewall's log has it minutes later; then /egress denied.`),
    h("div.traffic-fields", {}, cluster, host, port, h("button.jump", { type: "submit" }, "Send")),
  );
}

function row(one) {
  const { action, rule, collection, reason, firewall } = one.outcome;
  const by = rule ? `rule ${rule} in ${collection}` : reason || (firewall ? "" : "no firewall on the way");
  return h(
    "div.operation",
    {},
    h(
      "div.operation-head",
      {},
      h(`span.action.${action === "Allow" ? "allow" : "deny"}`, {}, action),
      h("strong", {}, `${one.host}:${one.port}`),
      isOver(one)
        ? h("span.state", {}, "stopped")
        : h("button.jump", { onclick: () => stop(one.id), "aria-label": `Stop ${one.host}` }, "Stop"),
    ),
    h("div.operation-detail", {}, h("span", {}, one.cluster.split("/").at(-1)), h("span", {}, by)),
  );
}

const isOver = (one) => Boolean(one.until) && Date.parse(one.until) <= Date.now() + state.offsetMs;

async function stop(id) {
  try {
    await stopTraffic(id);
  } catch (error) {
    toast(error.message, "bad");
  }
}
