import * as tf from "@tensorflow/tfjs";

/** Runs `body` and frees every tensor it made, whatever it returns: like tf.tidy, for results that are not tensors. */
export function inScope<T>(body: () => T): T {
  tf.engine().startScope();
  try {
    return body();
  } finally {
    tf.engine().endScope();
  }
}
