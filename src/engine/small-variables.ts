import { copiedFeed } from "./copied-feed.ts";
import type { Session } from "./session.ts";
import { STATE } from "./variable-nodes.ts";
import { rowSize, type Variable } from "./variables.ts";

/**
 * Small variables, read and written together: each run with outputs of its own costs TensorFlow a planning of the
 * whole graph, so reading a hundred variables one by one would take seconds.
 */
export function smallVariables(variables: readonly Variable[], execute: Session["run"]) {
  const places = new Map(variables.map((variable, i) => [variable.name, i]));
  let values: readonly Float32Array[] | undefined;
  let changed = false;
  const held = (variable: Variable): Float32Array => {
    values ??= execute([], variables.map(STATE.whole)).map(({ data }) => data as Float32Array);
    return values[places.get(variable.name)!]!;
  };
  return {
    read: (variable: Variable, from: number, to: number): Float32Array => {
      const size = rowSize(variable);
      return held(variable).slice(from * size, to * size);
    },
    write: (variable: Variable, from: number, rows: Float32Array): void => {
      held(variable).set(rows, from * rowSize(variable));
      changed = true;
    },
    /** Brings what was written into the session. */
    flush: (): void => {
      if (!changed) return;
      const feeds = variables.map(
        (variable, i) => [STATE.value(variable), copiedFeed(values![i]!, variable.shape)] as const,
      );
      execute(feeds, [STATE.smallAssigned]);
      changed = false;
    },
    /** After this the session's own values are read again. */
    forget: (): void => {
      values = undefined;
    },
  };
}
