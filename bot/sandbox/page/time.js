/** Times as people read them, in the browser's zone and the sandbox's now. */

const DAY_S = 86400;
const STEPS = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [DAY_S, 3600, "hour"],
  [Infinity, DAY_S, "day"],
];
const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** "3 min. ago", "in 2 days"; below ten seconds "just now". */
export function relative(ms, now) {
  const seconds = (ms - now) / 1000;
  if (Math.abs(seconds) < 10) return "just now";
  const [, unit, name] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  return relativeFormat.format(Math.round(seconds / unit), name);
}

const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const CLOCK = format({ hour: "2-digit", minute: "2-digit" });
const FULL = format({
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});
const DAY = format({ weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = format({ weekday: "short", day: "numeric", month: "short" });

/** "14:05". */
export const clockTime = (ms) => CLOCK.format(ms);

/** "Mon, 23 Nov 2026, 14:05:09 UTC", for tooltips. */
export const fullTime = (ms) => FULL.format(ms);

/** "Mon 23 Nov". */
export const shortDay = (ms) => SHORT_DAY.format(ms).replace(",", "");

/** "Today", "Yesterday", or the day itself. */
export function dayName(ms, now) {
  const days = Math.round((startOfDay(now) - startOfDay(ms)) / (DAY_S * 1000));
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : DAY.format(ms);
}

function startOfDay(ms) {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** "1 day 3 h", "12 s": a span with its two largest units. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / DAY_S), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** What each token of Slack's `<!date^…>` shows (docs.slack.dev, "Formatting message text", read 2026-11). */
const DATE_TOKENS = {
  date_num: (d) => `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())}`,
  date: (d) => format({ day: "numeric", month: "long", year: "numeric" }).format(d),
  date_short: (d) => format({ day: "numeric", month: "short", year: "numeric" }).format(d),
  date_long: (d) => format({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(d),
  time: (d) => CLOCK.format(d),
  time_secs: (d) => format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(d),
};

const pad = (number) => String(number).padStart(2, "0");

/** Fills Slack's date tokens, such as `{date_short_pretty} at {time}`; "pretty" says today and yesterday. */
export function slackDate(seconds, pattern, now) {
  const date = new Date(seconds * 1000);
  return pattern.replace(/\{(\w+)\}/g, (whole, token) => {
    if (token === "ago") return relative(date.getTime(), now);
    if (token.endsWith("_pretty")) return prettyDay(date, token.replace("_pretty", ""), now);
    return DATE_TOKENS[token]?.(date) ?? whole;
  });
}

function prettyDay(date, token, now) {
  const days = Math.round((startOfDay(now) - startOfDay(date)) / (DAY_S * 1000));
  return { "-1": "tomorrow", 0: "today", 1: "yesterday" }[days] ?? DATE_TOKENS[token]?.(date) ?? "";
}
