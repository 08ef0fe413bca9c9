import * as tf from "@tensorflow/tfjs";
import { type AdamOptions, adam } from "./adam.ts";
import { applyFused, multiply, readVariable } from "./graph-ops.ts";
import type { DenseRule } from "./rule.ts";

/**
 * Adam with decoupled weight decay: p <- p - rate * weightDecay * p, then Adam's move, both from the value before the step.
 *
 * Source: Loshchilov and Hutter (ICLR 2019), algorithm 2, with the decay scaled by the rate as PyTorch's AdamW does.
 */
export function adamw(options: AdamOptions & { readonly weightDecay: number }): DenseRule {
  const base = adam(options);
  return {
    slots: base.slots,
    scalars: (rate, step) => ({ ...base.scalars(rate, step), decay: rate * options.weightDecay }),
    apply: (state, gradient, scalars) => {
      const decayed = tf.sub(state.value, tf.mul(scalars.decay!, state.value));
      return base.apply({ ...state, value: decayed }, gradient, scalars);
    },
    emit: (graph, state, gradient, scalars) => {
      const step = multiply(graph, readVariable(graph, state.value), scalars.decay!);
      const decay = applyFused(graph, "ResourceApplyGradientDescent", [state.value, graph.float(1), step]);
      const after = graph.add("Identity", [gradient, `^${decay}`], { T: { kind: "type", value: 1 } });
      return [decay, ...base.emit(graph, state, after, scalars)];
    },
  };
}
