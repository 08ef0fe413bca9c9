// B = lists, N = items a list, C = chunks, S = items a chunk (C * S >= N)
import * as tf from "@tensorflow/tfjs";

type Combine = (left: tf.Tensor, right: tf.Tensor) => tf.Tensor;

/** Running maximum from the end of each list: y_i = max(x_i, x_i+1, ...). Held constant. @param x - [B, N]. */
export function suffixMaximum(x: tf.Tensor): tf.Tensor {
  const { columns, chunkEnds, assemble } = chunked(x, "from the end");
  const within = accumulate(columns, tf.maximum);
  const before = exclusive(accumulate(chunkEnds(within.at(-1)!), tf.maximum), Number.NEGATIVE_INFINITY);
  return assemble(within, before, (local, carried) => tf.maximum(local, carried));
}

/**
 * Linear recurrence along each list, y_i = x_i + decay_i y_j, where j is the item before i, or after it for
 * direction "from the end". Exact for any spread: nothing is divided or exponentiated.
 *
 * @param x - [B, N]. @param decay - [B, N] in [0, 1]; that of the first item in the direction counts for nothing.
 */
export function decayingSum(x: tf.Tensor, decay: tf.Tensor, direction: Direction): tf.Tensor {
  const values = chunked(x, direction);
  const decays = chunked(decay, direction);
  const within: tf.Tensor[] = [];
  const reach: tf.Tensor[] = [];
  values.columns.forEach((column, i) => {
    const d = decays.columns[i]!;
    within.push(i === 0 ? column : tf.add(column, tf.mul(d, within[i - 1]!)));
    reach.push(i === 0 ? d : tf.mul(d, reach[i - 1]!));
  });
  const ends = values.chunkEnds(within.at(-1)!);
  const factors = values.chunkEnds(reach.at(-1)!);
  const carried: tf.Tensor[] = [];
  ends.forEach((end, i) => {
    carried.push(i === 0 ? end : tf.add(end, tf.mul(factors[i]!, carried[i - 1]!)));
  });
  const far = values.assemble(reach, exclusive(carried, 0), tf.mul);
  return tf.add(values.assemble(within, undefined, tf.add), far);
}

/** Which end of a list a scan starts from. */
export type Direction = "from the start" | "from the end";

/** A list cut into about sqrt(N) chunks, so that a scan takes about 2 sqrt(N) ops on vectors instead of N. */
function chunked(x: tf.Tensor, direction: Direction) {
  const [lists, length] = x.shape as [number, number];
  const size = Math.ceil(Math.sqrt(length));
  const chunks = Math.ceil(length / size);
  const backwards = direction === "from the end";
  const reverse = <T>(items: T[]): T[] => (backwards ? items.reverse() : items);
  // Padding stands where the scan arrives last.
  const missing = chunks * size - length;
  const padded = tf.pad(x as tf.Tensor2D, [[0, 0], backwards ? [missing, 0] : [0, missing]]);
  const columns = reverse(tf.unstack(tf.reshape(padded, [lists, chunks, size]), 2));
  return {
    /** [B, C] item i of every chunk, in the direction of the scan. */
    columns,
    /** The chunks' last values, one [B] a chunk, in the direction of the scan. */
    chunkEnds: (last: tf.Tensor): tf.Tensor[] => reverse(tf.unstack(last, 1)),
    /** [B, N] from the values within chunks and what each chunk got from those before it. */
    assemble: (within: tf.Tensor[], before: tf.Tensor[] | undefined, combine: Combine): tf.Tensor => {
      const local = tf.stack(reverse([...within]), 2);
      const whole = before === undefined ? local : combine(local, tf.expandDims(tf.stack(reverse([...before]), 1), 2));
      const flat = tf.reshape(whole, [lists, chunks * size]);
      return tf.slice(flat, [0, backwards ? missing : 0], [lists, length]);
    },
  };
}

function accumulate(items: readonly tf.Tensor[], combine: Combine): tf.Tensor[] {
  const sums: tf.Tensor[] = [];
  items.forEach((item, i) => {
    sums.push(i === 0 ? item : combine(sums[i - 1]!, item));
  });
  return sums;
}

/** What each chunk gets from those before it: the first one `start`. */
function exclusive(inclusive: readonly tf.Tensor[], start: number): tf.Tensor[] {
  return [tf.fill(inclusive[0]!.shape, start), ...inclusive.slice(0, -1)];
}
