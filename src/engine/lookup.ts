import type * as tf from "@tensorflow/tfjs";

/** What a step sees of an embedding table: its size and the one way to read it. */
export interface TableValue {
  readonly name: string;
  readonly rows: number;
  readonly width: number;
  /** Use `lookup`. */
  readonly readRows: (ids: tf.Tensor) => tf.Tensor;
}

/**
 * Rows of an embedding table. Any number of lookups of one table may stand in a step, on any ids: the engine sums the
 * gradients of equal ids over all of them and updates each row once.
 *
 * @param ids - int32 of any shape, each in [0, table.rows). 0 is the padding row: zeros, never moved.
 * @returns [...ids.shape, table.width] float32.
 */
export function lookup(table: TableValue, ids: tf.Tensor): tf.Tensor {
  return table.readRows(ids);
}
