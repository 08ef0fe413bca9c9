import * as tf from "@tensorflow/tfjs";

/** Comparisons whose gradient tfjs lacks (it has GreaterEqual's), with the names of their inputs. */
const COMPARISONS: Readonly<Record<string, readonly string[]>> = {
  Greater: ["a", "b"],
  Less: ["a", "b"],
  LessEqual: ["a", "b"],
  Equal: ["a", "b"],
  NotEqual: ["a", "b"],
  LogicalAnd: ["a", "b"],
  LogicalOr: ["a", "b"],
  LogicalNot: ["x"],
};

/**
 * Gives comparisons the gradient zero, so that `tf.where(tf.greater(x, 0), x, y)` can be differentiated: tfjs sends a
 * gradient of zeros into the condition and then finds no way on.
 */
export function registerComparisonGradients(): void {
  for (const [kernelName, inputs] of Object.entries(COMPARISONS)) {
    if (tf.getGradient(kernelName) !== undefined) continue;
    tf.registerGradient({
      kernelName,
      inputsToSave: [...inputs],
      gradFunc: (_, saved) => Object.fromEntries(inputs.map((input, i) => [input, () => tf.zeros(saved[i]!.shape)])),
    });
  }
}
