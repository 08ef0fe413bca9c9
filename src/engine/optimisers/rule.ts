import type * as tf from "@tensorflow/tfjs";
import type { GraphWriter, Ref } from "../graph.ts";

/** A tensor that an optimiser keeps beside a parameter. */
export interface Slot {
  readonly name: string;
  /** Value of every element before the first step. */
  readonly initial: number;
  /** For tables: `row` keeps one number a row, `full` one a value. Dense parameters always use `full`. */
  readonly extent: "row" | "full";
}

/** Numbers that change from step to step (rates, bias corrections); they enter the graph as inputs. */
export type Scalars = Readonly<Record<string, number>>;

/** Update of one dense parameter, once in tfjs ops (any runtime) and once as nodes of the replayed graph. */
export interface DenseRule {
  readonly slots: readonly Slot[];
  /** @param step - 1 at the first update. */
  readonly scalars: (rate: number, step: number) => Scalars;
  readonly apply: (
    state: DenseState<tf.Tensor>,
    gradient: tf.Tensor,
    scalars: Readonly<Record<string, tf.Tensor>>,
  ) => DenseState<tf.Tensor>;
  /** Emits the nodes; returns those that write. */
  readonly emit: (
    graph: GraphWriter,
    state: DenseState<Ref>,
    gradient: Ref,
    scalars: Readonly<Record<string, Ref>>,
  ) => readonly Ref[];
}

export interface DenseState<T> {
  readonly value: T;
  readonly slots: Readonly<Record<string, T>>;
}

/**
 * Update of the rows of a table that a batch touched. Gradients arrive summed: one row per distinct id.
 */
export interface TableRule {
  readonly slots: readonly Slot[];
  readonly scalars: (rate: number, step: number) => Scalars;
  /** Moves one row in place. `slots` holds, per slot, the row's `width` values (extent full) or its one value (row). */
  readonly applyRow: (
    row: Float32Array,
    slots: Readonly<Record<string, Float32Array>>,
    gradient: Float32Array,
    scalars: Scalars,
  ) => void;
  /** @param ids - distinct ids [n]; `gradients` [n, width] are their sums. */
  readonly emit: (
    graph: GraphWriter,
    state: DenseState<Ref>,
    ids: Ref,
    gradients: Ref,
    scalars: Readonly<Record<string, Ref>>,
  ) => readonly Ref[];
}
