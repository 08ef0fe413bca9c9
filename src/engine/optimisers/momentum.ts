import * as tf from "@tensorflow/tfjs";
import { applyFused } from "./graph-ops.ts";
import type { DenseRule } from "./rule.ts";

/**
 * Heavy-ball momentum: a <- momentum * a + g; p <- p - rate * a. With `nesterov`, p <- p - rate * (g + momentum * a).
 *
 * Source: Sutskever et al. (ICML 2013), section 2, in the form of TensorFlow's ApplyMomentum.
 */
export function momentum(options: { readonly momentum: number; readonly nesterov: boolean }): DenseRule {
  return {
    slots: [{ name: "momentum", initial: 0, extent: "full" }],
    scalars: (rate) => ({ rate }),
    apply: ({ value, slots }, gradient, { rate }) => {
      const next = tf.add(tf.mul(slots.momentum!, options.momentum), gradient);
      const direction = options.nesterov ? tf.add(gradient, tf.mul(next, options.momentum)) : next;
      return { value: tf.sub(value, tf.mul(rate!, direction)), slots: { momentum: next } };
    },
    emit: (graph, { value, slots }, gradient, { rate }) => [
      applyFused(
        graph,
        "ResourceApplyMomentum",
        [value, slots.momentum!, rate!, gradient, graph.float(options.momentum)],
        {
          use_nesterov: options.nesterov,
        },
      ),
    ],
  };
}
