/** Slack's chart block as SVG: lines, areas and bars over categories, and pies as a list. */
import { h } from "./dom.js";

const WIDTH = 600;
const HEIGHT = 220;
const LEFT = 44;
const BOTTOM = 28;
const TOP = 8;
const COLOURS = ["#2f8fd8", "#e0558c", "#2bac76", "#d79b1c", "#8f7bff", "#b0733a"];
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.flat());
  return node;
}

/** The chart of a data_visualization block. */
export function chart(block) {
  const drawn = block.chart.type === "pie" ? pie(block.chart) : plot(block.chart);
  return h("figure.chart", { role: "group", "aria-label": block.title }, h("figcaption", {}, block.title), drawn);
}

function pie(found) {
  return h("ul", {}, found.segments.map((one) => h("li", {}, `${one.label}: ${one.value}`)));
}

function plot(found) {
  const categories = found.axis_config.categories;
  const highest = Math.max(1e-9, ...found.series.flatMap((one) => one.data.map((point) => point.value))) * 1.1;
  const x = (at) => LEFT + ((WIDTH - LEFT) * at) / categories.length;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.max(0, value) / highest);
  const scale = { categories, x, y };
  const frame = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(found) });
  frame.append(...axes(found, highest, scale));
  found.series.forEach((one, number) => frame.append(...series(found, one, number, scale)));
  return h("div", {}, frame, legend(found));
}

function axes(found, highest, { categories, x, y }) {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((part) => part * highest);
  const every = Math.ceil(categories.length / 8);
  return [
    ...steps.flatMap((value) => [
      svg("line", { x1: LEFT, x2: WIDTH, y1: y(value), y2: y(value), class: "chart-grid" }),
      svg("text", { x: LEFT - 6, y: y(value) + 4, class: "chart-text", "text-anchor": "end" }, short(value)),
    ]),
    ...categories
      .map((label, at) => [label, at])
      .filter(([, at]) => at % every === 0)
      .map(([label, at]) =>
        svg("text", { x: x(at + 0.5), y: HEIGHT - 10, class: "chart-text", "text-anchor": "middle" }, label),
      ),
  ];
}

function series(found, one, number, { categories, x, y }) {
  const values = categories.map((label) => one.data.find((point) => point.label === label)?.value ?? 0);
  const colour = COLOURS[number % COLOURS.length];
  if (found.type === "bar") return bars(values, colour, [number, found.series.length], { x, y });
  const points = values.map((value, at) => `${x(at + 0.5)},${y(value)}`).join(" ");
  return [svg("polyline", { points, fill: "none", stroke: colour, "stroke-width": 2 })];
}

function bars(values, colour, [number, count], { x, y }) {
  return values.map((value, at) => {
    const left = x(at + 0.15 + (0.7 * number) / count);
    const right = x(at + 0.15 + (0.7 * (number + 1)) / count);
    return svg("rect", { x: left, y: y(value), width: right - left, height: y(0) - y(value), fill: colour });
  });
}

function legend(found) {
  return h(
    "div.chart-legend",
    {},
    found.series.map((one, number) =>
      h("span", { style: { color: COLOURS[number % COLOURS.length] } }, `■ ${one.name} `),
    ),
  );
}

function summary(found) {
  return found.series.map((one) => `${one.name}: ${one.data.map((point) => point.value).join(", ")}`).join("; ");
}

function short(value) {
  return value >= 10 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}
