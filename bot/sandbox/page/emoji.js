/** The emoji shortcodes that operational messages use; an unknown one stays as it was typed. */

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", ballot_box_with_check: "☑️", x: "❌", no_entry: "⛔", no_entry_sign: "🚫",
  warning: "⚠️", rotating_light: "🚨", fire: "🔥", boom: "💥", exclamation: "❗", question: "❓", information_source: "ℹ️",
  bulb: "💡", mag: "🔍", eyes: "👀", lock: "🔒", unlock: "🔓", closed_lock_with_key: "🔐", key: "🔑", shield: "🛡️",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", alarm_clock: "⏰", clock3: "🕒", stopwatch: "⏱️", timer_clock: "⏲️", calendar: "📆",
  rocket: "🚀", tada: "🎉", sparkles: "✨", star: "⭐", wave: "👋", "+1": "👍", thumbsup: "👍", "-1": "👎", thumbsdown: "👎",
  hammer_and_wrench: "🛠️", wrench: "🔧", gear: "⚙️", construction: "🚧", recycle: "♻️", repeat: "🔁",
  arrows_counterclockwise: "🔄", arrow_right: "➡️", arrow_left: "⬅️", arrow_up: "⬆️", arrow_down: "⬇️", leftwards_arrow_with_hook: "↩️",
  globe_with_meridians: "🌐", earth_africa: "🌍", satellite: "🛰️", electric_plug: "🔌", link: "🔗", package: "📦", inbox_tray: "📥",
  outbox_tray: "📤", memo: "📝", clipboard: "📋", page_facing_up: "📄", scroll: "📜", bar_chart: "📊",
  chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉", bell: "🔔", no_bell: "🔕", speech_balloon: "💬", raising_hand: "🙋",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", robot_face: "🤖", wastebasket: "🗑️", broom: "🧹", pushpin: "📌", bookmark: "🔖",
  large_green_circle: "🟢", large_yellow_circle: "🟡", large_orange_circle: "🟠", red_circle: "🔴", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", large_green_square: "🟩", large_red_square: "🟥", small_blue_diamond: "🔹",
  small_orange_diamond: "🔸", heavy_plus_sign: "➕", heavy_minus_sign: "➖", cloud: "☁️", bricks: "🧱", receipt: "🧾", ok: "🆗", new: "🆕",
};

/** The character of a shortcode without its colons, or null. */
export const emojiFor = (name) => EMOJI[name] ?? null;
