/**
 * Keeps the state fresh: server-sent events say which simulator changed, and only that one is fetched again.
 * Without a stream the page asks every two seconds.
 */
import { get } from "./api.js";
import { change, state } from "./state.js";

const POLL_MS = 2000;
const ROUTES = { slack: "/_sandbox/slack", arm: "/_sandbox/arm" };

const fetched = { slack: null, arm: null };
const running = {};
let poll = null;

/** Fetches one simulator's state; a change that comes meanwhile is fetched right after. */
async function refresh(part) {
  if (running[part]) {
    running[part] = "again";
    return;
  }
  running[part] = "once";
  try {
    change({ [part]: await get(ROUTES[part]) });
  } finally {
    const again = running[part] === "again";
    running[part] = null;
    if (again) await refresh(part);
  }
}

/** Fetches both simulators' states. */
export const refreshAll = () => Promise.all([refresh("slack"), refresh("arm")]);

/** Takes the sandbox's time as the page's. */
export function setClock(iso) {
  if (!iso) return;
  const offsetMs = Date.parse(iso) - Date.now();
  // Smaller differences are the network's, and would make every relative time flicker.
  if (Math.abs(offsetMs - state.offsetMs) > 500) change({ offsetMs });
}

function onEvent(event) {
  const news = JSON.parse(event.data);
  setClock(news.clock);
  for (const part of ["slack", "arm"]) {
    if (news[part] === fetched[part]) continue;
    fetched[part] = news[part];
    refresh(part).catch(() => {});
  }
}

function startPolling() {
  poll ??= setInterval(
    () =>
      refreshAll().then(
        () => change({ offline: false }),
        () => change({ offline: true }),
      ),
    POLL_MS,
  );
}

function stopPolling() {
  clearInterval(poll);
  poll = null;
  change({ offline: false });
}

/** Loads everything once, then follows the changes. */
export async function follow() {
  const info = await get("/_sandbox/info").catch(() => state.info);
  change({ info: { ...state.info, ...info } });
  setClock(info.clock);
  await refreshAll();
  change({ loaded: true });
  const stream = new EventSource("/_sandbox/events");
  stream.onmessage = onEvent;
  stream.onopen = stopPolling;
  stream.onerror = startPolling;
}
