/**
 * Block Kit as DOM: one function for each kind of block. A block of an unknown kind says so instead of vanishing.
 *
 * A renderer gets the block and a context: {surface: "message"|"modal"|"home", act(element, block, payload),
 * options(element, block, query), values: the view's state, fields: Map filled by inputs, label: the accessible name to use}.
 */
import { chart } from "./chart.js";
import { h } from "./dom.js";
import { element } from "./elements.js";
import { markdown } from "./markdown.js";
import { emoji, mrkdwn } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const SHORTCODE = /:([a-z0-9_+-]+):/g;

/** A text object as nodes: mrkdwn with markup, plain text with emoji only. */
export function text(object) {
  if (!object) return [];
  if (typeof object === "string") return mrkdwn(object);
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text);
}

/** Plain text: emoji shortcodes become emoji, nothing else changes. */
export function plain(source) {
  return source.split(SHORTCODE).map((part, index) => (index % 2 ? (emoji(part) ?? `:${part}:`) : part));
}

const BLOCKS = {
  section: (block, context) =>
    h(
      "div.section",
      {},
      h(
        "div.section-body",
        {},
        block.text && h("div.text", {}, text(block.text)),
        block.fields &&
          h(
            "div.fields",
            {},
            block.fields.map((field) => h("div.text", {}, text(field))),
          ),
      ),
      block.accessory && h("div.accessory", {}, element(block.accessory, block, context)),
    ),
  header: (block) => h("h3.header", {}, text(block.text)),
  context: (block, context) =>
    h(
      "div.context",
      {},
      block.elements.map((one) =>
        one.type === "image" ? element(one, block, context) : h("span.text", {}, text(one)),
      ),
    ),
  divider: () => h("hr.divider"),
  actions: (block, context) =>
    h(
      "div.actions",
      {},
      block.elements.map((one) => element(one, block, context)),
    ),
  input: inputBlock,
  image: (block) =>
    h(
      "figure.image",
      {},
      block.title && h("figcaption", {}, text(block.title)),
      h("img", { src: block.image_url ?? fileUrl(block.slack_file), alt: block.alt_text, loading: "lazy" }),
    ),
  data_visualization: (block) => chart(block),
  rich_text: (block) => h("div.text", {}, richText(block.elements)),
  table: (block) => table(block),
  markdown: (block) => h("div.text.markdown", {}, markdown(block.text)),
  alert: (block) => h(`div.alert.${block.level || "default"}`, { role: "note" }, text(block.text)),
};

/** All blocks of a message or view. */
export function blocks(list, context) {
  return list.map((block) => {
    const node = (BLOCKS[block.type] ?? unknown)(block, context);
    if (block.block_id) node.dataset.block = block.block_id;
    return node;
  });
}

/** Where the content of an uploaded file is. */
function fileUrl(file) {
  return file.url ?? `/files/${file.id}/content`;
}

function unknown(block) {
  return h("div.unknown", {}, `This page cannot show a “${block.type}” block.`);
}

/** A form field: label, element, hint and the place for its error. */
function inputBlock(block, context) {
  const id = `label-${block.block_id}`;
  const label = block.label?.text ?? "";
  return h(
    "div.field",
    { role: "group", "aria-labelledby": id },
    h("div.label", { id }, plain(label), block.optional && h("span.optional", {}, " (optional)")),
    element(block.element, block, { ...context, label }),
    block.hint && h("div.hint", {}, text(block.hint)),
    h("div.error", { role: "alert", "data-error": block.block_id }),
  );
}

function table(block) {
  const settings = block.column_settings ?? [];
  const [head, ...body] = block.rows;
  const cell = (tag) => (one, column) =>
    h(
      tag,
      { scope: tag === "th" ? "col" : null, style: { "text-align": settings[column]?.align ?? null } },
      cellContent(one),
    );
  return h(
    "div.table-frame",
    {},
    h(
      "table.grid",
      {},
      h("thead", {}, h("tr", {}, head.map(cell("th")))),
      h(
        "tbody",
        {},
        body.map((row) => h("tr", {}, row.map(cell("td")))),
      ),
    ),
  );
}

function cellContent(one) {
  if (one.type === "rich_text") return richText(one.elements);
  return one.text === undefined ? String(one.number ?? one.value ?? "") : plain(String(one.text));
}
