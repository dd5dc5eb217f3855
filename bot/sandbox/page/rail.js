/** The left rail: the app's Home, channels, the direct conversation, and who is being played. */
import { avatar } from "./avatar.js";
import { h, icon, ICONS, keyed } from "./dom.js";
import { botName, change, directChannel, people, publicChannels, state, unread, waitingFor } from "./state.js";

/** Draws the rail after a change. */
export function renderRail() {
  keyed(document.getElementById("places"), [
    ...sectionRows("App", appPlaces()),
    ...sectionRows("Channels", channelPlaces()),
  ]);
  keyed(document.getElementById("people"), people().map(personRow));
}

/** Goes to a place: a channel, the direct conversation or Home. */
export const goTo = (place) => change({ place });

/** Plays another person; the place stays the same. */
export const playAs = (actor) => change({ actor });

function appPlaces() {
  const direct = directChannel(state.actor);
  return [
    { place: { kind: "home" }, label: "Home", glyph: ICONS.home, count: 0 },
    {
      place: { kind: "dm" },
      label: botName(),
      glyph: ICONS.chat,
      count: direct ? unread(state.actor, direct.id) : 0,
      note: "direct",
    },
  ];
}

function channelPlaces() {
  return publicChannels().map((channel) => ({
    place: { kind: "channel", id: channel.id },
    label: channel.name,
    glyph: ICONS.hash,
    count: unread(state.actor, channel.id),
  }));
}

function sectionRows(title, places) {
  const head = { key: `head-${title}`, sign: title, make: () => h("h2.rail-head", {}, title) };
  return [head, ...places.map(placeRow)];
}

const same = (a, b) => a.kind === b.kind && a.id === b.id;

function placeRow({ place, label, glyph, count, note }) {
  const here = same(place, state.place);
  const key = `${place.kind}-${place.id ?? ""}`;
  return {
    key,
    sign: JSON.stringify([label, count, here]),
    make: () =>
      h(
        "button.place",
        {
          "aria-current": here ? "page" : null,
          "data-focus": key,
          onclick: () => goTo(place),
          class: here ? "place here" : count ? "place unread" : "place",
        },
        icon(glyph),
        h("span.place-name", {}, label),
        note && h("small", {}, note),
        badge(count),
      ),
  };
}

function badge(count) {
  return count > 0 && h("span.badge", { "aria-label": `${count} unread` }, count > 99 ? "99+" : String(count));
}

function personRow(person) {
  const playing = person.id === state.actor;
  const waiting = playing ? 0 : waitingFor(person.id);
  return {
    key: person.id,
    sign: JSON.stringify([person, playing, waiting]),
    make: () =>
      h(
        "button.person",
        {
          role: "radio",
          "aria-checked": String(playing),
          tabindex: playing ? 0 : -1,
          "data-focus": person.id,
          "data-user": person.id,
          onclick: () => playAs(person.id),
          onkeydown: (event) => step(event, person),
        },
        avatar(person.id),
        h("span.person-name", {}, person.name, h("small", {}, person.role)),
        badge(waiting),
      ),
  };
}

/** Arrow keys move the choice, as in any group of radio buttons. */
function step(event, person) {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const all = people();
  const next = all[(all.findIndex((one) => one.id === person.id) + by + all.length) % all.length];
  playAs(next.id);
  document.querySelector(`[data-user="${next.id}"]`)?.focus();
}
