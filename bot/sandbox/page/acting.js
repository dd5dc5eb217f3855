/** What every interactive element shares: its name, its kept value, and how using it becomes an act. */
import { confirmed } from "./confirm.js";

/** Finds the element again after its row was redrawn. */
export const mark = (one, block) => `${block.block_id ?? ""}/${one.action_id ?? ""}/${one.value ?? ""}`;

/** The accessible name. */
export const labelOf = (one, context) => context.label || one.placeholder?.text || one.action_id;

/** What the view's state holds for the element. */
export const saved = (one, block, context) => context.values?.[block.block_id]?.[one.action_id];

/** True where using the element is an act of its own. */
export const acts = (block, context) => context.surface !== "modal" || block.type !== "input" || block.dispatch_action;

/** Lets the form read the element's value. */
export function remember(one, block, context, read) {
  context.fields?.set(`${block.block_id}\n${one.action_id}`, { block, one, read });
}

/** Reports a choice, after its confirmation dialog if it has one. */
export async function report(one, block, context, payload) {
  if (acts(block, context) && (await confirmed(one.confirm))) await context.act(one, block, payload);
}
