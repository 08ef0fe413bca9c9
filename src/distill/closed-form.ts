import * as tf from "@tensorflow/tfjs";

/** A loss as one node of the tape. */
export interface ClosedForm {
  /** Tensors that gradients flow into. */
  readonly inputs: readonly tf.Tensor[];
  /** Tensors that are held constant. */
  readonly constants?: readonly tf.Tensor[];
  /** The value, and what the gradients are made from. */
  readonly forward: (
    inputs: readonly tf.Tensor[],
    constants: readonly tf.Tensor[],
  ) => { readonly value: tf.Tensor; readonly saved: readonly tf.Tensor[] };
  /** One gradient an input, in order, of the input's shape. */
  readonly gradients: (upstream: tf.Tensor, saved: readonly tf.Tensor[]) => readonly tf.Tensor[];
}

/**
 * Evaluates a loss whose gradients are written out: fewer passes over the data than autodiff, and no rounding where
 * autodiff would subtract large numbers.
 */
export function closedForm({ inputs, constants = [], forward, gradients }: ClosedForm): tf.Tensor {
  return tf.customGrad((...given: unknown[]) => {
    const save = given.at(-1) as (tensors: tf.Tensor[]) => void;
    const { value, saved } = forward(given.slice(0, -1) as tf.Tensor[], constants);
    save([...saved]);
    return { value, gradFunc: (upstream: tf.Tensor, kept: tf.Tensor[]) => [...gradients(upstream, kept)] };
  })(...inputs);
}
