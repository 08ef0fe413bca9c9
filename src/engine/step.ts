import type * as tf from "@tensorflow/tfjs";
import type { Noise } from "./noise.ts";
import type { Optimiser } from "./optimisers/index.ts";
import type { ParameterTree, Values } from "./parameters.ts";

/** One named array, as batches bring it and as entries return it. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Named arrays of one call: fixed shapes a name, ids and indices int32, everything else float32. */
export type HostBatch = Readonly<Record<string, HostTensor>>;

/** The batch as the step sees it. */
export type TensorBatch = Readonly<Record<string, tf.Tensor>>;

/** What a step gets beside parameters and batch. */
export interface StepContext {
  /** Scalars that may change from call to call: loss weights, temperatures on a schedule. */
  readonly inputs: Readonly<Record<string, tf.Scalar>>;
  /** Random tensors, keyed by the run's seed and the step's number. */
  readonly noise: Noise;
}

export interface StepResult {
  readonly loss: tf.Scalar;
  /** Scalars to log beside the loss: one a term. */
  readonly parts: Readonly<Record<string, tf.Scalar>>;
}

/** Written once in tfjs ops; runs eagerly anywhere and is replayed as one graph on the native runtime. */
export type Step<P extends ParameterTree> = (
  parameters: Values<P>,
  batch: TensorBatch,
  context: StepContext,
) => StepResult;

/** A forward pass: named tensors of a batch, nothing moves. */
export type Forward<P extends ParameterTree> = (
  parameters: Values<P>,
  batch: TensorBatch,
  context: StepContext,
) => Readonly<Record<string, tf.Tensor>>;

/** A training entry moves exactly the parameters whose group it names, with that group's optimiser. */
export interface TrainEntry<P extends ParameterTree> {
  readonly kind: "train";
  readonly step: Step<P>;
  readonly optimisers: Readonly<Record<string, Optimiser>>;
  /** Entries with one `slots` name share optimiser state; default: the entry's own name. */
  readonly slots?: string;
}

export interface ForwardEntry<P extends ParameterTree> {
  readonly kind: "forward";
  readonly forward: Forward<P>;
}

export type Entry<P extends ParameterTree> = TrainEntry<P> | ForwardEntry<P>;
export type Entries<P extends ParameterTree> = Readonly<Record<string, Entry<P>>>;
