/** The page's entry: wires the parts to the state and starts following the sandbox. */
import { renderComposer, startComposer } from "./composer.js";
import { renderConversation } from "./conversation.js";
import { setText } from "./dom.js";
import { follow } from "./events.js";
import { renderHint } from "./intro.js";
import { renderModal } from "./modal.js";
import { startProgress } from "./operations.js";
import { renderPanel, startPanel } from "./panel.js";
import { renderRail } from "./rail.js";
import { change, nowMs, onChange, state } from "./state.js";
import { relative } from "./time.js";
import { toast } from "./toast.js";

const AGO_MS = 10_000;
let isPressed = false;
let isLate = false;

function render() {
  document.body.classList.toggle("loading", !state.loaded);
  document.body.classList.toggle("offline", Boolean(state.offline));
  renderRail();
  renderComposer();
  renderHint();
  renderConversation();
  renderModal();
  renderPanel();
  renderFacts();
  refreshAges();
}

/** Shows a change, though not while the mouse is pressed: a button that is replaced under it would never see its click. */
function renderUnpressed() {
  isLate = isPressed;
  if (!isPressed) render();
}

/** The click comes right after the release, and what waited for it after the click. */
function release() {
  isPressed = false;
  if (isLate) setTimeout(renderUnpressed);
}

/** One line on how this sandbox runs. */
function renderFacts() {
  const { speed, delivery, database } = state.info;
  const pace = speed === 1 ? "Azure’s own pace" : `${speed}× pace`;
  setText(document.getElementById("facts"), [pace, delivery?.toUpperCase(), database].filter(Boolean).join(" · "));
}

/** "3 min ago" moves on without touching the rows. */
function refreshAges() {
  for (const node of document.querySelectorAll("[data-relative]"))
    setText(node, relative(Number(node.dataset.relative), nowMs()));
}

startComposer();
startPanel();
startProgress();
onChange(renderUnpressed);
addEventListener("pointerdown", (event) => (isPressed = event.button === 0), true);
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, release);
setInterval(refreshAges, AGO_MS);
document.addEventListener("visibilitychange", () => change());
follow().catch((error) => toast(`The sandbox does not answer: ${error.message}`, "bad"));
