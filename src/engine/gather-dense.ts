import * as tf from "@tensorflow/tfjs";

/** Rows of a dense table; the padding row takes no gradient. */
export function gatherDense(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [rows, width] = table.shape as [number, number];
  return tf.customGrad((x, save) => {
    // Ids that the step computes are gone after the forward pass unless they are saved.
    (save as tf.GradSaveFunc)([ids]);
    return {
      value: tf.gather(x as tf.Tensor, ids as tf.Tensor1D),
      gradFunc: (dy: tf.Tensor, [savedIds]: tf.Tensor[]) => {
        const flat = tf.reshape(savedIds!, [-1]) as tf.Tensor1D;
        const real = tf.cast(tf.notEqual(tf.expandDims(flat, 1), 0), "float32");
        return tf.unsortedSegmentSum(tf.mul(tf.reshape(dy, [-1, width]), real), flat, rows);
      },
    };
  })(table);
}
