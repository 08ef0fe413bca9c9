import * as tf from "@tensorflow/tfjs";
import { inScope } from "../../src/engine/scope.ts";
import type { Input, Inputs, LossCase, Tensors } from "./loss-case.ts";

/** What a loss gave on the current backend: losses, and by argument the gradient of their sum weighted by `upstream`. */
export interface Evaluated {
  readonly values: Float32Array;
  readonly shape: readonly number[];
  /** Undefined where no gradient flows at all. */
  readonly gradients: Readonly<Record<string, Float32Array | undefined>>;
}

export const toTensor = ({ shape, data }: Input): tf.Tensor =>
  tf.tensor(Float32Array.from(data), [...shape], "float32");

export function toTensors(inputs: Inputs): Tensors {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, toTensor(input)]));
}

/** Losses and gradients with respect to every argument. */
export function evaluateLoss({ loss }: LossCase, inputs: Inputs, upstream?: readonly number[]): Evaluated {
  return inScope(() => {
    const tensors = toTensors(inputs);
    const names = Object.keys(inputs);
    let losses: tf.Tensor | undefined;
    const weighted = (): tf.Scalar => {
      losses = tf.keep(loss(tensors));
      const weights =
        upstream === undefined ? tf.ones(losses.shape) : tf.tensor([...upstream], losses.shape, "float32");
      return tf.sum(tf.mul(losses, weights));
    };
    const engine = tf.engine() as unknown as {
      gradients(
        f: () => tf.Scalar,
        xs: tf.Tensor[],
        dy: undefined,
        allowNone: boolean,
      ): { grads: (tf.Tensor | null)[] };
    };
    const { grads } = engine.gradients(
      weighted,
      names.map((name) => tensors[name]!),
      undefined,
      true,
    );
    const result: Evaluated = {
      values: losses!.dataSync() as Float32Array,
      shape: losses!.shape,
      gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]?.dataSync() as Float32Array | undefined])),
    };
    losses!.dispose();
    return result;
  });
}

/** Central differences of the oracle in float64, with respect to one argument. */
export function oracleDifferences(
  { oracle, held }: LossCase,
  inputs: Inputs,
  upstream: readonly number[],
  name: string,
  step = 1e-5,
): number[] {
  const valuesOf = held ?? ((_: Inputs, moved: Inputs) => oracle(moved, upstream).values);
  const { shape, data } = inputs[name]!;
  const total = (at: number, by: number): number => {
    const moved = { ...inputs, [name]: { shape, data: data.map((x, i) => (i === at ? x + by : x)) } };
    return valuesOf(inputs, moved).reduce((sum, value, i) => sum + value * upstream[i]!, 0);
  };
  return data.map((_, at) => (total(at, step) - total(at, -step)) / (2 * step));
}
