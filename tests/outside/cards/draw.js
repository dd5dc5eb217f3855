// Draws the messages of cards.json with slack-blocks-to-jsx: one HTML page at the width of a phone, measured by its own script.
const fs = require("fs");
const path = require("path");
const React = require("react");
const { renderToStaticMarkup } = require("react-dom/server");
const { Message } = require("slack-blocks-to-jsx");

const [cards, page] = process.argv.slice(2);
const style = fs.readFileSync(path.join(__dirname, "node_modules/slack-blocks-to-jsx/dist/style.css"), "utf-8");
const measure = `
const wide = [...document.querySelectorAll("article")].map((card) => {
  const edge = card.getBoundingClientRect().right + 1;
  const out = [...card.querySelectorAll("*")].filter((node) =>
    node.children.length === 0 && node.textContent.trim() && node.getBoundingClientRect().right > edge);
  return { name: card.id, width: card.clientWidth, needs: card.scrollWidth, out: out.map((node) => node.textContent.slice(0, 60)) };
});
document.getElementById("measured").textContent = JSON.stringify(wide);`;

// The renderer takes "verbatim" for "no markup"; Slack only leaves out links of its own making.
const parsed = (key, value) => (key === "verbatim" ? undefined : value);
const drawn = JSON.parse(fs.readFileSync(cards, "utf-8"), parsed).map(({ name, blocks }) => {
  const message = React.createElement(Message, { blocks, logo: "data:,", name: "Egress", time: new Date(0), theme: "light" });
  return `<article id="${name}">${renderToStaticMarkup(message)}</article>`;
});
const look = `body{margin:0;display:flex;flex-wrap:wrap;gap:16px;font-family:sans-serif}article{width:360px;border:1px solid #ccc}`;
fs.writeFileSync(page, `<!doctype html><meta charset="utf-8"><style>${style}${look}</style>${drawn.join("\n")}
<script type="application/json" id="measured"></script><script>${measure}</script>`);
