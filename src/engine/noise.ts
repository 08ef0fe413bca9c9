import * as tf from "@tensorflow/tfjs";
import { MULTIPLIER, ROUNDS, roundKeys } from "../random.ts";

/**
 * Random tensors of one step. Equal (seed, step, site, shape) give equal numbers on every runtime, eager or replayed:
 * the generator of random.ts written in float32 ops that are exact. Two sites of a step must not share a name.
 */
export interface Noise {
  /** Uniform in [0, 1), multiples of 2^-24. At most 2^24 values. */
  readonly uniform: (site: string, shape: readonly number[]) => tf.Tensor;
  /** Standard Gumbel, -log(-log(u)). */
  readonly gumbel: (site: string, shape: readonly number[]) => tf.Tensor;
  /** 0 with probability `rate`, else 1 / (1 - rate): inverted dropout (Srivastava et al., JMLR 2014). Resolution 2^-12. */
  readonly dropoutMask: (site: string, shape: readonly number[], rate: number) => tf.Tensor;
}

/** @param keys - [ROUNDS] float32: the step's round keys divided by 4096. */
export function createNoise(keys: tf.Tensor1D): Noise {
  const uniform: Noise["uniform"] = (site, shape) => {
    const [high, low] = feistel(siteKeys(keys, site), sizeOf(shape));
    return tf.reshape(tf.add(high, tf.mul(low, 1 / 4096)), [...shape]);
  };
  return {
    uniform,
    gumbel: (site, shape) => {
      const u = tf.add(tf.mul(uniform(site, shape), 1 - 2 ** -23), 2 ** -24);
      return tf.neg(tf.log(tf.neg(tf.log(u))));
    },
    dropoutMask: (site, shape, rate) => {
      const size = sizeOf(shape);
      const [high, low] = feistel(siteKeys(keys, site), Math.ceil(size / 2));
      const draws = tf.slice(tf.concat([high, low]), [0], [size]);
      return tf.mul(tf.cast(tf.greaterEqual(tf.reshape(draws, [...shape]), rate), "float32"), 1 / (1 - rate));
    },
  };
}

/** The step's keys shifted by those of the site, so that sites are independent streams. */
function siteKeys(keys: tf.Tensor1D, site: string): tf.Tensor[] {
  const shift = Float32Array.from(roundKeys(0, "site", site), (key) => key / 4096);
  return tf.unstack(fraction(tf.add(keys, tf.tensor1d(shift))));
}

/** The two 12-bit halves, as fractions, of values 0 .. count-1 of the stream. */
function feistel(keys: readonly tf.Tensor[], count: number): [tf.Tensor, tf.Tensor] {
  const counter = tf.mul(tf.range(0, count, 1, "float32"), 1 / 4096);
  let left: tf.Tensor = tf.mul(tf.floor(counter), 1 / 4096);
  let right: tf.Tensor = fraction(counter);
  for (let round = 0; round < ROUNDS; round++) {
    const y = fraction(tf.add(tf.mul(right, MULTIPLIER), keys[round]!));
    const middle = tf.mul(tf.floor(tf.mul(tf.square(y), 2 ** 18)), 1 / 4096);
    const mixed = fraction(tf.add(left, middle));
    left = right;
    right = mixed;
  }
  return [left, right];
}

function fraction(x: tf.Tensor): tf.Tensor {
  return tf.sub(x, tf.floor(x));
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
