/** The sandbox's HTTP routes: JSON in, JSON out. */

/** What a control route refused, with the sentence that it gave. */
export class RouteError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function request(path, options) {
  const response = await fetch(path, options);
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  throw new RouteError(body.error || `The sandbox answered ${response.status}.`, response.status);
}

/** GET a JSON document. */
export const get = (path) => request(path, { headers: { Accept: "application/json" } });

/** POST a JSON document. */
export const post = (path, body) =>
  request(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const PROBLEMS = {
  operation_timeout: "The app did not answer within three seconds (operation_timeout).",
  dispatch_failed: "The app could not be reached (dispatch_failed).",
};

/** What went wrong with an act, as a sentence, or null when the app acknowledged it. */
export function problem(answer) {
  if (answer.error) return PROBLEMS[answer.error] ?? answer.error;
  return answer.status >= 400 ? `The app answered ${answer.status}.` : null;
}

/** What the app offers in an external menu: {options} or {option_groups}. */
async function options(query) {
  const answer = await post("/_sandbox/slack/options", query);
  if (answer.error) throw new RouteError(`The options did not load: ${answer.error}.`, answer.status);
  return answer.body ?? {};
}

/** Acts of the person who is being played; each resolves to the route's answer. */
export const slack = {
  command: (user, channel, text) => post("/_sandbox/slack/command", { user, channel, text }),
  action: (act) => post("/_sandbox/slack/action", act),
  submit: (user, view_id, values) => post("/_sandbox/slack/submit", { user, view_id, values }),
  close: (user, view_id) => post("/_sandbox/slack/close", { user, view_id }),
  options,
  shortcut: (act) => post("/_sandbox/slack/shortcut", act),
  message: (user, channel, text) => post("/_sandbox/slack/message", { user, channel, text }),
  home: (user) => post("/_sandbox/slack/home", { user }),
};

/** A pod of a cluster asks for a host; DELETE stops it. */
export const sendTraffic = (traffic) => post("/_sandbox/arm/traffic", traffic);
export const stopTraffic = (id) => request(`/_sandbox/arm/traffic?id=${encodeURIComponent(id)}`, { method: "DELETE" });

/** Moves the time that bot and simulators see. */
export const advanceClock = (advance_s) => post("/_sandbox/clock", { advance_s });
