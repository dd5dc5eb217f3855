/** Short messages that go away by themselves. */
import { h } from "./dom.js";

const SHOWN_MS = 6000;

/** Says something at the bottom of the page; `kind` is "bad" for what went wrong. */
export function toast(message, kind = "good") {
  const node = h(`div.toast.${kind}`, { role: "status" }, message);
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), SHOWN_MS);
}
