import * as tf from "@tensorflow/tfjs";
import { registerComparisonGradients } from "./comparison-gradients.ts";
import type { StepResult } from "./step.ts";

/** One read of a table inside a step, and after the backward pass the gradient of the rows it gave. */
export interface LookupGradient {
  readonly table: string;
  readonly ids: tf.Tensor;
  /** [...ids.shape, width], or undefined where the loss does not depend on the rows. */
  readonly gradient: tf.Tensor | undefined;
}

/** Collects the table reads of a step while it runs. */
export interface LookupTape {
  readonly record: (table: string, ids: tf.Tensor, rows: tf.Tensor) => void;
}

export interface StepGradients {
  readonly loss: tf.Scalar;
  readonly parts: Readonly<Record<string, tf.Scalar>>;
  /** One a variable, in order; undefined where the loss does not depend on it. */
  readonly dense: readonly (tf.Tensor | undefined)[];
  readonly lookups: readonly LookupGradient[];
}

/**
 * Loss and gradients of a step with respect to `variables` and to every row it looks up through the tape. Call inside
 * `tf.tidy`: what is returned, and nothing else, is kept alive by the caller's return.
 */
export function stepGradients(run: (tape: LookupTape) => StepResult, variables: readonly tf.Tensor[]): StepGradients {
  const reads: { readonly table: string; readonly ids: tf.Tensor; readonly rows: tf.Tensor }[] = [];
  const anchor = tf.scalar(0);
  // tfjs looks at this list only after the forward pass, so rows may join it while the step runs.
  const sources: tf.Tensor[] = [anchor, ...variables];
  const kept: tf.Tensor[] = [];
  const keep = <T extends tf.Tensor>(x: T): T => {
    const held = tf.keep(tf.clone(x)) as T;
    kept.push(held);
    return held;
  };
  let parts: Record<string, tf.Scalar> = {};
  const tape: LookupTape = {
    record: (table, ids, rows) => {
      reads.push({ table, ids: keep(ids), rows: tf.keep(rows) });
      kept.push(rows);
      sources.push(rows);
    },
  };
  registerComparisonGradients();
  const forward = (): tf.Tensor => {
    const result = run(tape);
    parts = Object.fromEntries(Object.entries(result.parts).map(([name, part]) => [name, keep(part)]));
    return result.loss;
  };
  const { value, grads } = differentiate(forward, sources, kept);
  const found = (grads as readonly (tf.Tensor | null | undefined)[]).map((gradient) => gradient ?? undefined);
  const outputs: StepGradients = {
    loss: value as tf.Scalar,
    parts: mapRecord(parts, (part) => tf.clone(part)),
    dense: found.slice(1, 1 + variables.length),
    lookups: reads.map(({ table, ids }, i) => ({
      table,
      ids: tf.clone(ids),
      gradient: found[1 + variables.length + i],
    })),
  };
  for (const tensor of kept) tensor.dispose();
  return outputs;
}

/** On an error tfjs would keep what its tape saved for the backward pass; here it is freed, and so is `kept`. */
function differentiate(
  forward: () => tf.Tensor,
  sources: tf.Tensor[],
  kept: readonly tf.Tensor[],
): ReturnType<TapeEngine["gradients"]> {
  try {
    return engine().gradients(forward, sources, undefined, true);
  } catch (error) {
    for (const { saved } of engine().state.activeTape ?? []) for (const tensor of saved) tensor.dispose();
    for (const tensor of kept) tensor.dispose();
    throw error;
  }
}

interface TapeEngine {
  readonly state: { readonly activeTape: readonly { readonly saved: readonly tf.Tensor[] }[] | null };
  gradients(
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy: tf.Tensor | undefined,
    allowNoGradients: boolean,
  ): {
    value: tf.Tensor;
    grads: tf.Tensor[];
  };
}

function engine(): TapeEngine {
  return tf.engine() as unknown as TapeEngine;
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
