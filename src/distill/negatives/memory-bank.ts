// M = places of the bank, B = rows of a batch, D = width of a vector
import * as tf from "@tensorflow/tfjs";
import type { DenseParameter } from "../../engine/parameters.ts";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertShape } from "../../nn/shape.ts";

/** Optimiser group of banks: they are replaced, not learned, by plain descent with rate 1. */
export const BANK_GROUP = "bank";

/** Item vectors of the last batches, newest first, as columns of an in-batch matrix. All held constant. */
export interface BankColumns {
  /** [M, D] */
  readonly vectors: tf.Tensor2D;
  /** [M] log probability that each had when it was stored. */
  readonly logQ: tf.Tensor1D;
  /** [M] item numbers. */
  readonly itemIndex: tf.Tensor1D;
  /** [M] 1 for places that hold an item. */
  readonly filled: tf.Tensor1D;
}

/** What a batch puts into the bank. */
export interface BankRows {
  /** [B, D] item vectors. */
  readonly vectors: tf.Tensor;
  /** [B] */
  readonly logQ: tf.Tensor;
  /** [B] item numbers below 2^24. */
  readonly itemIndex: tf.Tensor;
  /** [B] 0 for padded rows. */
  readonly mask: tf.Tensor;
}

/** Columns beside the vector: log q, item number, filled. */
const EXTRAS = 3;

/**
 * A first-in-first-out memory of item vectors, kept as a parameter so that it is captured, stored and restored as one.
 *
 * @throws {ConfigError} size or width is not a whole number >= 1.
 *
 * Source: Wang et al. (SIGIR 2021), arXiv:2110.15154 (cross-batch negative sampling), section 3.2.
 */
export function memoryBank(name: string, size: number, width: number): DenseParameter {
  for (const [what, value] of Object.entries({ size, width }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ConfigError(`memoryBank: ${what} must be a whole number >= 1, got ${value}`);
  const initialiser = { kind: "constant", value: 0 } as const;
  return { kind: "dense", name, shape: [size, width + EXTRAS], initialiser, group: BANK_GROUP };
}

/** The bank's content. @param bank - [M, D + 3]. @param isOn - scalar 0 while the bank only fills up, 1 from then on. */
export function readBank(bank: tf.Tensor, isOn?: tf.Scalar): BankColumns {
  const [size, columns] = bank.shape as [number, number];
  const held = stopGradient(bank);
  const width = columns - EXTRAS;
  const column = (at: number): tf.Tensor1D => tf.reshape(tf.slice(held, [0, width + at], [size, 1]), [size]);
  return {
    vectors: tf.slice(held, [0, 0], [size, width]) as tf.Tensor2D,
    logQ: column(0),
    itemIndex: column(1),
    filled: isOn === undefined ? column(2) : (tf.mul(column(2), isOn) as tf.Tensor1D),
  };
}

/**
 * A term of value 0 that moves the bank on by one batch: its gradient is the bank less the next one, so that plain descent
 * with rate 1 in the group BANK_GROUP writes the next one. Nothing else gets a gradient.
 *
 * @throws {ShapeError} the rows do not fit the bank, or each other.
 */
export function bankUpdate(bank: tf.Tensor, rows: BankRows): tf.Scalar {
  const [size, columns] = bank.shape as [number, number];
  const [count = 0] = rows.vectors.shape;
  assertShape("bankUpdate", ["vectors", rows.vectors], [-1, columns - EXTRAS], `[B, D] with D = ${columns - EXTRAS}`);
  for (const name of ["logQ", "itemIndex", "mask"] as const)
    assertShape("bankUpdate", [name, rows[name]], [count], `[B] = [${count}]`);
  const extras = [rows.logQ, tf.cast(rows.itemIndex, "float32"), rows.mask].map((x) => tf.expandDims(x, 1));
  const incoming = stopGradient(tf.concat([rows.vectors, ...extras], 1));
  return tf.customGrad((given: unknown, save: unknown) => {
    const x = given as tf.Tensor2D;
    const kept = Math.max(0, size - count);
    const newest = tf.slice(incoming, [0, 0], [Math.min(count, size), columns]);
    const next = kept === 0 ? newest : tf.concat([newest, tf.slice(x, [0, 0], [kept, columns])], 0);
    (save as (tensors: tf.Tensor[]) => void)([x, next]);
    return {
      value: tf.scalar(0),
      gradFunc: (dy: tf.Tensor, [before, after]: tf.Tensor[]) => tf.mul(dy, tf.sub(before!, after!)),
    };
  })(bank) as tf.Scalar;
}

/** [B, M] 1 where a place of the bank holds the row's own item: no negative of it. */
export function bankKnown(itemIndex: tf.Tensor, bank: Pick<BankColumns, "itemIndex">): tf.Tensor2D {
  const own = tf.expandDims(tf.cast(itemIndex, "float32"), 1);
  return tf.cast(tf.equal(own, tf.expandDims(bank.itemIndex, 0)), "float32") as tf.Tensor2D;
}
