import * as tf from "@tensorflow/tfjs";
import { add, applyFused, divide, gatherRows, moveRows, multiply, scatterUpdate, sqrt, square } from "./graph-ops.ts";
import type { DenseRule, Slot, TableRule } from "./rule.ts";

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const adamDefaults: AdamOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

const slots: readonly Slot[] = [
  { name: "m", initial: 0, extent: "full" },
  { name: "v", initial: 0, extent: "full" },
];

/** The options as TensorFlow's float32 op sees them: 1 - beta2 differs by 1e-5 from that of the float64 number. */
function rounded({ beta1, beta2, epsilon }: AdamOptions): AdamOptions {
  return { beta1: Math.fround(beta1), beta2: Math.fround(beta2), epsilon };
}

/** rate * sqrt(1 - beta2^step) / (1 - beta1^step): the bias correction of both moments in one number. */
function correctedRate({ beta1, beta2 }: AdamOptions, rate: number, step: number): number {
  return (rate * Math.sqrt(1 - beta2 ** step)) / (1 - beta1 ** step);
}

/**
 * Adam: m <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; p <- p - a m / (sqrt(v) + epsilon), a the corrected rate.
 *
 * Source: Kingma and Ba (ICLR 2015), the efficient form at the end of section 2 (epsilon is its epsilon-hat).
 */
export function adam(options: AdamOptions): DenseRule {
  const { beta1, beta2, epsilon } = rounded(options);
  return {
    slots,
    scalars: (rate, step) => ({ rate: correctedRate({ beta1, beta2, epsilon }, rate, step) }),
    apply: (state, gradient, { rate }) => {
      const m = tf.add(tf.mul(state.slots.m!, beta1), tf.mul(gradient, 1 - beta1));
      const v = tf.add(tf.mul(state.slots.v!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
      const move = tf.div(tf.mul(rate!, m), tf.add(tf.sqrt(v), epsilon));
      return { value: tf.sub(state.value, move), slots: { m, v } };
    },
    emit: (graph, state, gradient, { rate }) => {
      const noPower = graph.float(0); // the correction is in the rate
      const inputs = [state.value, state.slots.m!, state.slots.v!, noPower, noPower, rate!];
      const constants = [graph.float(beta1), graph.float(beta2), graph.float(epsilon)];
      return [applyFused(graph, "ResourceApplyAdam", [...inputs, ...constants, gradient], { use_nesterov: false })];
    },
  };
}

/**
 * Lazy Adam on the touched rows: moments of rows that a batch does not touch stay as they were; the bias correction
 * counts all steps of the group.
 */
export function lazyAdam(options: AdamOptions): TableRule {
  const { beta1, beta2, epsilon } = rounded(options);
  return {
    slots,
    scalars: (rate, step) => ({ rate: correctedRate({ beta1, beta2, epsilon }, rate, step) }),
    applyRow: (row, { m, v }, gradient, { rate }) => {
      const alpha = Math.fround(rate!);
      for (let d = 0; d < row.length; d++) {
        m![d] = beta1 * m![d]! + (1 - beta1) * gradient[d]!;
        v![d] = beta2 * v![d]! + (1 - beta2) * gradient[d]! * gradient[d]!;
        row[d]! -= (alpha * m![d]!) / (Math.sqrt(v![d]!) + epsilon);
      }
    },
    emit: (graph, state, ids, gradients, { rate }) => {
      const moment = (slot: string, beta: number, term: string): string =>
        add(
          graph,
          multiply(graph, gatherRows(graph, state.slots[slot]!, ids), graph.float(beta)),
          multiply(graph, term, graph.float(1 - beta)),
        );
      const m = moment("m", beta1, gradients);
      const v = moment("v", beta2, square(graph, gradients));
      const move = divide(graph, multiply(graph, m, rate!), add(graph, sqrt(graph, v), graph.float(epsilon)));
      return [
        scatterUpdate(graph, state.slots.m!, ids, m),
        scatterUpdate(graph, state.slots.v!, ids, v),
        moveRows(graph, state.value, ids, move),
      ];
    },
  };
}
