/** What a newcomer reads first: what this place is, and three things to try, each ticked once it was done. */
import { fillComposer } from "./composer.js";
import { h, icon, ICONS, keyed } from "./dom.js";
import { playAs } from "./rail.js";
import { botName, change, messagesFor, people, state, userName } from "./state.js";

const DONE = "egress-sandbox.tried";
const DISMISSED = "egress-sandbox.hint-dismissed";
const WELCOME_CHANNEL = "CEGRESS01";
const APPROVER = "UAPP0001";

/** Three things to try: what to show, what to do on a click, and how it is known to be done. */
const STEPS = [
  {
    id: "show",
    label: "See how a cluster leaves Azure",
    sample: "/egress show aks-udr",
    run: (sample) => fillComposer(sample),
    done: () => typed("show"),
  },
  {
    id: "request",
    label: "Ask for a destination",
    sample: "/egress request aks-udr example.com",
    run: (sample) => fillComposer(sample),
    done: () => typed("request"),
  },
  {
    id: "approve",
    label: "Decide as the approver",
    sample: () => `Act as ${userName(APPROVER)}`,
    run: () => playAs(APPROVER),
    done: () => state.actor === APPROVER,
  },
];

const typed = (verb) => state.typed.some((one) => one.text.startsWith(`/egress ${verb}`));
const done = new Set(JSON.parse(localStorage.getItem(DONE) || "[]"));
const sampleOf = (step) => (typeof step.sample === "function" ? step.sample() : step.sample);

/** Notes what was tried since the last change. */
function tick() {
  const before = done.size;
  for (const step of STEPS) if (step.done()) done.add(step.id);
  if (done.size !== before) localStorage.setItem(DONE, JSON.stringify([...done]));
}

/** The welcome says the same, as long as nothing has scrolled it away. */
const welcomeIsInSight = () =>
  state.place.id === WELCOME_CHANNEL && !messagesFor(state.actor, state.place.id).length && !state.typed.length;

/** The strip of things to try above the composer, until all are done or it is dismissed. */
export function renderHint() {
  tick();
  const over =
    done.size === STEPS.length ||
    localStorage.getItem(DISMISSED) ||
    !state.loaded ||
    state.place.kind === "home" ||
    welcomeIsInSight();
  const hint = { key: "hint", sign: [...done].join() + sampleOf(STEPS[2]), make: strip };
  keyed(document.getElementById("hint"), over ? [] : [hint]);
}

function strip() {
  return h(
    "div.hint-strip",
    { role: "group", "aria-label": "Three things to try" },
    h("span.hint-title", {}, "Try"),
    STEPS.map((step, index) =>
      h(
        `button.hint-step${done.has(step.id) ? ".done" : ""}`,
        { title: step.label, onclick: () => step.run(sampleOf(step)) },
        h("span.hint-number", {}, done.has(step.id) ? icon(ICONS.check) : String(index + 1)),
        h("span", {}, sampleOf(step).replace("/egress ", "")),
      ),
    ),
    h("button.icon-button", { "aria-label": "Dismiss these hints", onclick: dismiss }, icon(ICONS.close)),
  );
}

function dismiss() {
  localStorage.setItem(DISMISSED, "yes");
  change();
}

/** The beginning of a conversation. */
export function intro() {
  return state.place.kind === "dm" ? directIntro() : state.place.id === WELCOME_CHANNEL ? welcome() : plainIntro();
}

function welcome() {
  return h(
    "section.welcome",
    { "aria-labelledby": "welcome-title" },
    h("h2", { id: "welcome-title" }, "Egress for AKS, where the question comes up"),
    h(
      "p",
      {},
      "A pod cannot reach a host. Ask here, have it decided here, and watch the firewall rule appear on the right. ",
      "The bot is the real one; Slack and Azure are simulated on this machine, so nothing can break.",
    ),
    h(
      "ol.steps",
      {},
      STEPS.map((step, index) =>
        h(
          "li",
          {},
          h(
            "button.step",
            { onclick: () => step.run(sampleOf(step)) },
            h("span.step-number", {}, String(index + 1)),
            h("span.step-text", {}, h("strong", {}, step.label), h("code", {}, sampleOf(step))),
          ),
        ),
      ),
    ),
    h(
      "p.welcome-foot",
      {},
      `You play ${people().length || "six"} people from the lower left, and can move the clock on the lower right: a seven-day allowance expires in one click.`,
    ),
  );
}

function directIntro() {
  return h(
    "section.beginning",
    {},
    h("h2", {}, botName()),
    h("p", {}, "Decisions, reminders and results that concern only this person arrive here."),
  );
}

function plainIntro() {
  return h(
    "section.beginning",
    {},
    h("h2", {}, "The beginning of this channel"),
    h("p", {}, "Commands work here too: what they answer is visible to the person who typed them."),
  );
}
