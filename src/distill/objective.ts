import * as tf from "@tensorflow/tfjs";
import type { StepContext, StepResult } from "../engine/step.ts";
import { ConfigError } from "../errors.ts";

/** One term of the training loss: its value is logged under its name, its weight is an input `weight/<name>`. */
export interface Term {
  readonly name: string;
  readonly loss: tf.Scalar;
  /** A parameter, log sigma^2, where the term is weighted by its own uncertainty. */
  readonly logVariance?: tf.Scalar;
}

/** Input that holds a term's weight. */
export const weightInput = (term: string): string => `weight/${term}`;

/**
 * Sum of the weighted terms. Parts are the terms before their weights; a learned weight is one too, as
 * `learnedWeight/<name>`.
 *
 *     L = sum_k w_k L_k,  or for a term with log sigma^2 = v:  w_k ( exp(-v) L_k + v ) / 2
 *
 * @throws {ConfigError} no term, two of one name, or one without its weight among the inputs.
 *
 * Source: for learned weights Kendall, Gal, Cipolla (CVPR 2018), section 3.2, eq. 7, with v = log sigma^2.
 */
export function combineTerms(terms: readonly Term[], { inputs }: StepContext): StepResult {
  if (terms.length === 0) throw new ConfigError("combineTerms: a step must have at least one loss term, got none");
  const names = terms.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ConfigError(`combineTerms: names of terms must be unique, got "${twice}" twice`);
  const weighted = terms.map(({ name, loss, logVariance }) => {
    const weight = inputs[weightInput(name)];
    if (weight === undefined)
      throw new ConfigError(`combineTerms: inputs must hold "${weightInput(name)}", got ${Object.keys(inputs)}`);
    return tf.mul(logVariance === undefined ? loss : byUncertainty(loss, logVariance), weight) as tf.Scalar;
  });
  const learned = terms.flatMap(({ name, logVariance }) =>
    logVariance === undefined ? [] : [[`learnedWeight/${name}`, learnedWeight(logVariance)] as const],
  );
  return {
    loss: weighted.reduce((sum, term) => tf.add(sum, term) as tf.Scalar),
    parts: Object.fromEntries([...terms.map(({ name, loss }) => [name, loss] as const), ...learned]),
  };
}

function learnedWeight(logVariance: tf.Scalar): tf.Scalar {
  return tf.div(tf.exp(tf.neg(logVariance)), 2) as tf.Scalar;
}

function byUncertainty(loss: tf.Scalar, logVariance: tf.Scalar): tf.Scalar {
  return tf.add(tf.mul(loss, learnedWeight(logVariance)), tf.div(logVariance, 2)) as tf.Scalar;
}
