import * as tf from "@tensorflow/tfjs";
import type { StepContext, StepResult } from "../engine/step.ts";
import { ConfigError } from "../errors.ts";

/** One term of the training loss: its value is logged under its name, its weight is an input `weight/<name>`. */
export interface Term {
  readonly name: string;
  readonly loss: tf.Scalar;
}

/** Input that holds a term's weight. */
export const weightInput = (term: string): string => `weight/${term}`;

/**
 * Sum of the weighted terms. Parts are the terms before their weights.
 *
 * @throws {ConfigError} no term, or one without its weight among the inputs.
 */
export function combineTerms(terms: readonly Term[], { inputs }: StepContext): StepResult {
  if (terms.length === 0) throw new ConfigError("combineTerms: a step must have at least one loss term, got none");
  const weighted = terms.map(({ name, loss }) => {
    const weight = inputs[weightInput(name)];
    if (weight === undefined)
      throw new ConfigError(`combineTerms: inputs must hold "${weightInput(name)}", got ${Object.keys(inputs)}`);
    return tf.mul(loss, weight) as tf.Scalar;
  });
  const [first, ...rest] = weighted;
  return {
    loss: rest.reduce((sum, term) => tf.add(sum, term) as tf.Scalar, first!),
    parts: Object.fromEntries(terms.map(({ name, loss }) => [name, loss])),
  };
}
