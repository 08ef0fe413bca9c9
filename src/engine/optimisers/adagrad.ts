import * as tf from "@tensorflow/tfjs";
import {
  add,
  applyFused,
  divide,
  gatherRows,
  moveRows,
  multiply,
  rowMean,
  scatterUpdate,
  sqrt,
  square,
} from "./graph-ops.ts";
import type { DenseRule, Slot, TableRule } from "./rule.ts";

export interface AdagradOptions {
  readonly epsilon: number;
  readonly initialAccumulator: number;
}

export const adagradDefaults: AdagradOptions = { epsilon: 1e-7, initialAccumulator: 0.1 };

const accumulator = (options: AdagradOptions, extent: Slot["extent"]): readonly Slot[] => [
  { name: "accumulator", initial: options.initialAccumulator, extent },
];

/**
 * Adagrad: a <- a + g^2; p <- p - rate * g / (sqrt(a) + epsilon).
 *
 * Source: Duchi, Hazan, Singer (JMLR 2011), figure 1, diagonal form.
 */
export function adagrad(options: AdagradOptions): DenseRule {
  return {
    slots: accumulator(options, "full"),
    scalars: (rate) => ({ rate }),
    apply: ({ value, slots }, gradient, { rate }) => {
      const next = tf.add(slots.accumulator!, tf.square(gradient));
      const move = tf.div(tf.mul(rate!, gradient), tf.add(tf.sqrt(next), options.epsilon));
      return { value: tf.sub(value, move), slots: { accumulator: next } };
    },
    emit: (graph, { value, slots }, gradient, { rate }) => [
      applyFused(
        graph,
        "ResourceApplyAdagradV2",
        [value, slots.accumulator!, rate!, graph.float(options.epsilon), gradient],
        {
          update_slots: true,
        },
      ),
    ],
  };
}

/** Adagrad on the touched rows, one accumulator a value. */
export function tableAdagrad(options: AdagradOptions): TableRule {
  return {
    slots: accumulator(options, "full"),
    scalars: (rate) => ({ rate }),
    applyRow: (row, slots, gradient, { rate }) => {
      const sums = slots.accumulator!;
      const step = Math.fround(rate!);
      for (let d = 0; d < row.length; d++) {
        sums[d]! += gradient[d]! * gradient[d]!;
        row[d]! -= (step * gradient[d]!) / (Math.sqrt(sums[d]!) + options.epsilon);
      }
    },
    emit: (graph, { value, slots }, ids, gradients, { rate }) => {
      const sums = add(graph, gatherRows(graph, slots.accumulator!, ids), square(graph, gradients));
      const root = add(graph, sqrt(graph, sums), graph.float(options.epsilon));
      const move = divide(graph, multiply(graph, gradients, rate!), root);
      return [scatterUpdate(graph, slots.accumulator!, ids, sums), moveRows(graph, value, ids, move)];
    },
  };
}

/**
 * Row-wise Adagrad: one accumulator a row, fed with the mean of the row's squared gradient.
 *
 * Source: the row-wise form of large recommenders (Mudigere et al., ISCA 2022, section 4.1.4).
 */
export function rowWiseAdagrad(options: AdagradOptions): TableRule {
  return {
    slots: accumulator(options, "row"),
    scalars: (rate) => ({ rate }),
    applyRow: (row, slots, gradient, { rate }) => {
      const sum = slots.accumulator!;
      let squares = 0;
      for (const g of gradient) squares += g * g;
      sum[0]! += squares / row.length;
      const step = Math.fround(rate!) / (Math.sqrt(sum[0]!) + options.epsilon);
      for (let d = 0; d < row.length; d++) row[d]! -= step * gradient[d]!;
    },
    emit: (graph, { value, slots }, ids, gradients, { rate }) => {
      const sums = add(graph, gatherRows(graph, slots.accumulator!, ids), rowMean(graph, square(graph, gradients)));
      const step = divide(graph, rate!, add(graph, sqrt(graph, sums), graph.float(options.epsilon)));
      return [
        scatterUpdate(graph, slots.accumulator!, ids, sums),
        moveRows(graph, value, ids, multiply(graph, gradients, step)),
      ];
    },
  };
}
