/** Round portraits: initials on a colour that belongs to the person; a shield for the app. */
import { h, icon } from "./dom.js";
import { isBot, people, userName } from "./state.js";

const SHIELD =
  "M10 2.500 16 4.800v4.700c0 3.800-2.500 6.600-6 8-3.500-1.400-6-4.200-6-8V4.800zM7.200 10.200l2 2 3.700-4";

/** The portrait of a user or of the app. */
export function avatar(id) {
  if (isBot(id)) return h("span.avatar.bot", { "aria-hidden": "true" }, icon(SHIELD));
  const index = people().findIndex((person) => person.id === id);
  return h(`span.avatar.hue-${index % 6}`, { "aria-hidden": "true" }, initials(userName(id)));
}

function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2)).toUpperCase();
}
