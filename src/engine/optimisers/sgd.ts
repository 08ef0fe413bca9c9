import * as tf from "@tensorflow/tfjs";
import { applyFused, moveRows, multiply } from "./graph-ops.ts";
import type { DenseRule, TableRule } from "./rule.ts";

/** Stochastic gradient descent: p <- p - rate * g. */
export const sgd: DenseRule = {
  slots: [],
  scalars: (rate) => ({ rate }),
  apply: ({ value }, gradient, { rate }) => ({ value: tf.sub(value, tf.mul(rate!, gradient)), slots: {} }),
  emit: (graph, { value }, gradient, { rate }) => [
    applyFused(graph, "ResourceApplyGradientDescent", [value, rate!, gradient]),
  ],
};

/** Stochastic gradient descent on the touched rows. */
export const tableSgd: TableRule = {
  slots: [],
  scalars: (rate) => ({ rate }),
  applyRow: (row, _slots, gradient, { rate }) => {
    for (let d = 0; d < row.length; d++) row[d]! -= Math.fround(rate!) * gradient[d]!;
  },
  emit: (graph, { value }, ids, gradients, { rate }) => [
    moveRows(graph, value, ids, multiply(graph, gradients, rate!)),
  ],
};
