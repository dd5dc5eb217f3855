/** Slack's confirmation dialog in front of a button or menu. */
import { h } from "./dom.js";
import { text } from "./blocks.js";

/** Resolves to true when the person confirms; immediately when there is nothing to confirm. */
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const dialog = h(
      "dialog.modal.confirm",
      { "aria-label": confirm.title.text },
      h(
        "form.sheet",
        { method: "dialog" },
        h("header.modal-head", {}, h("h2", {}, text(confirm.title))),
        h("div.modal-body", {}, h("div.text", {}, text(confirm.text))),
        h(
          "footer.modal-foot",
          {},
          h("button.button", { value: "no" }, text(confirm.deny)),
          h(
            confirm.style === "danger" ? "button.button.danger" : "button.button.primary",
            { value: "yes", autofocus: true },
            text(confirm.confirm),
          ),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
