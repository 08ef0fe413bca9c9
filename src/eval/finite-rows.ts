import * as tf from "@tensorflow/tfjs";
import { DataError } from "../errors.ts";

/** Numbers looked at in one go, so that the check of a large table stays small in memory. */
const CHUNK_NUMBERS = 2 ** 22;

/**
 * Refuses a matrix with a NaN or an infinity, naming its first bad row. top-k over NaN has no defined order, so this
 * must be known before.
 *
 * @param matrix - [N, D] float32. @throws {DataError}
 */
export async function assertAllFinite(where: string, name: string, matrix: tf.Tensor2D): Promise<void> {
  const [rows, width] = matrix.shape;
  const chunkRows = Math.max(1, Math.floor(CHUNK_NUMBERS / Math.max(1, width)));
  for (let start = 0; start < rows; start += chunkRows) {
    const chunk = matrix.slice([start, 0], [Math.min(chunkRows, rows - start), width]);
    const poison = tf.tidy(() => chunk.mul(0).sum()); // NaN as soon as one number is not finite
    const [sum] = await poison.data();
    const values = Number.isNaN(sum) ? await chunk.data() : undefined;
    tf.dispose([chunk, poison]);
    const bad = values?.findIndex((value) => !Number.isFinite(value));
    if (values === undefined || bad === undefined) continue;
    const row = start + Math.floor(bad / width);
    throw new DataError(`${where}: ${name} must be finite, got ${values[bad]} in row ${row}`);
  }
}
