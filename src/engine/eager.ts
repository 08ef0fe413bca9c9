import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../errors.ts";
import type { Call } from "./call.ts";
import { type Executor, findEntry } from "./executor.ts";
import { gatherDense } from "./gather-dense.ts";
import { type LookupTape, stepGradients } from "./gradients.ts";
import { createNoise } from "./noise.ts";
import { bindValues, type Parameter, type ParameterTree } from "./parameters.ts";
import { inScope } from "./scope.ts";
import type { Entries, HostTensor, StepContext, TrainEntry } from "./step.ts";
import { scalarName } from "./updates.ts";
import {
  initialRows,
  listVariables,
  type MovedParameter,
  movedParameters,
  rowCount,
  rowSize,
  type Variable,
} from "./variables.ts";

/**
 * Runs entries op by op on whatever backend tfjs has. Dense variables are tensors; tables are typed arrays, so that an
 * update costs the rows a batch touched and needs no kernel that some backend lacks.
 */
export function eagerExecutor<P extends ParameterTree>(tree: P, entries: Entries<P>): Executor {
  const variables = listVariables(tree, entries);
  const state = createState(variables);
  return {
    kind: "eager",
    variables,
    captures: [],
    run: (name, call) => {
      const entry = findEntry(entries, name);
      return inScope(() => {
        const batch = Object.fromEntries(Object.entries(call.batch).map(([key, array]) => [key, toTensor(array)]));
        const context = stepContext(call);
        if (entry.kind === "train") return trainStep(tree, name, entry, state, batch, context, call);
        const outputs = entry.forward(bind(tree, state, undefined, new Set()), batch, context);
        return Object.fromEntries(Object.entries(outputs).map(([key, tensor]) => [key, toHost(tensor)]));
      });
    },
    read: (variable, from, to) => {
      const table = state.tables.get(variable.name);
      const size = rowSize(variable);
      return table
        ? table.slice(from * size, to * size)
        : (state.dense.get(variable.name)!.dataSync() as Float32Array).slice(from * size, to * size);
    },
    write: (variable, from, values) => {
      const table = state.tables.get(variable.name);
      if (table !== undefined) return table.set(values, from * rowSize(variable));
      const old = state.dense.get(variable.name)!;
      const whole = (old.dataSync() as Float32Array).slice();
      whole.set(values, from * rowSize(variable));
      state.dense.set(variable.name, tf.keep(tf.tensor(whole, [...variable.shape])));
      old.dispose();
    },
    close: () => {
      for (const tensor of state.dense.values()) tensor.dispose();
      state.dense.clear();
    },
  };
}

interface EagerState {
  readonly dense: Map<string, tf.Tensor>;
  readonly tables: Map<string, Float32Array>;
}

/** Row-updated tables and their slots live in typed arrays, everything else in tensors. */
function createState(variables: readonly Variable[]): EagerState {
  const dense = new Map<string, tf.Tensor>();
  const tables = new Map<string, Float32Array>();
  for (const variable of variables) {
    const values = initialRows(variable, 0, rowCount(variable));
    if (variable.rowUpdated) tables.set(variable.name, values);
    else dense.set(variable.name, tf.keep(tf.tensor(values, [...variable.shape])));
  }
  return { dense, tables };
}

function stepContext({ scalars, keys }: Call): StepContext {
  return {
    inputs: Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)])),
    noise: createNoise(tf.tensor1d(keys)),
  };
}

function bind<P extends ParameterTree>(
  tree: P,
  state: EagerState,
  tape: LookupTape | undefined,
  moving: ReadonlySet<string>,
) {
  return bindValues(tree, (parameter) => {
    if (parameter.kind === "dense") return state.dense.get(parameter.name)!;
    const { name, rows, width } = parameter;
    const readRows = (ids: tf.Tensor): tf.Tensor => {
      checkIds(name, rows, ids);
      const dense = state.dense.get(name);
      if (dense !== undefined) return gatherDense(dense, ids);
      const gathered = gatherRows(state.tables.get(name)!, width, ids);
      if (moving.has(name)) tape?.record(name, ids, gathered);
      return gathered;
    };
    return { name, rows, width, readRows };
  });
}

function checkIds(name: string, rows: number, ids: tf.Tensor): void {
  for (const id of ids.dataSync()) {
    if (!(id >= 0 && id < rows))
      throw new ConfigError(`lookup: ids of table "${name}" must be in [0, ${rows}), got ${id}`);
  }
}

function gatherRows(table: Float32Array, width: number, ids: tf.Tensor): tf.Tensor {
  const values = ids.dataSync();
  const rows = new Float32Array(values.length * width);
  for (let i = 0; i < values.length; i++)
    rows.set(table.subarray(values[i]! * width, (values[i]! + 1) * width), i * width);
  return tf.tensor(rows, [...ids.shape, width]);
}

interface PendingRows {
  readonly moved: MovedParameter;
  /** id -> sum of its gradients. */
  readonly sums: ReadonlyMap<number, Float32Array>;
}

function trainStep<P extends ParameterTree>(
  tree: P,
  name: string,
  entry: TrainEntry<P>,
  state: EagerState,
  batch: Readonly<Record<string, tf.Tensor>>,
  context: StepContext,
  call: Call,
): Record<string, HostTensor> {
  const moved = movedParameters(tree, name, entry);
  const moving = new Set(moved.map(({ parameter }) => parameter.name));
  const denseMoved = moved.filter(({ rule }) => rule.kind === "dense");
  const { loss, parts, dense, lookups } = stepGradients(
    (tape) => entry.step(bind(tree, state, tape, moving), batch, context),
    denseMoved.map(({ parameter }) => state.dense.get(parameter.name)!),
  );
  const pendingDense = denseMoved.flatMap((item, i) => {
    const gradient = dense[i];
    return gradient === undefined ? [] : [{ moved: item, gradient: withL2(item, gradient, state) }];
  });
  const pendingRows = moved.flatMap((item): PendingRows[] => {
    const reads = lookups.filter(({ table, gradient }) => table === item.parameter.name && gradient !== undefined);
    if (item.rule.kind !== "rows" || reads.length === 0) return [];
    return [
      {
        moved: item,
        sums: sumRows(
          item.parameter,
          reads.map(({ ids, gradient }) => [ids.dataSync(), gradient!.dataSync()] as const),
        ),
      },
    ];
  });
  const outputs: Record<string, HostTensor> = { loss: toHost(loss) };
  for (const [part, value] of Object.entries(parts)) outputs[`part/${part}`] = toHost(value);
  for (const [group, optimiser] of Object.entries(entry.optimisers)) {
    const denseGroup = pendingDense.filter((item) => item.moved.group === group);
    const rowsGroup = pendingRows.filter((item) => item.moved.group === group);
    let scale = 1;
    if (optimiser.clipNorm !== undefined && denseGroup.length + rowsGroup.length > 0) {
      const norm = globalNorm(
        denseGroup.map(({ gradient }) => gradient),
        rowsGroup,
      );
      outputs[`gradientNorm/${group}`] = { data: Float32Array.of(norm), shape: [] };
      scale = optimiser.clipNorm / Math.max(norm, optimiser.clipNorm);
    }
    for (const { moved: item, gradient } of denseGroup) applyDense(state, item, tf.mul(gradient, scale), call);
    for (const pending of rowsGroup) applyRows(state, pending, scale, call);
  }
  return outputs;
}

function withL2({ optimiser, parameter }: MovedParameter, gradient: tf.Tensor, state: EagerState): tf.Tensor {
  return optimiser.l2 ? tf.add(gradient, tf.mul(state.dense.get(parameter.name)!, optimiser.l2)) : gradient;
}

function sumRows(
  parameter: Parameter,
  reads: readonly (readonly [ids: ArrayLike<number>, gradient: ArrayLike<number>])[],
): Map<number, Float32Array> {
  const width = parameter.kind === "table" ? parameter.width : 0;
  const sums = new Map<number, Float32Array>();
  for (const [ids, gradient] of reads) {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (id === 0) continue;
      let sum = sums.get(id);
      if (sum === undefined) {
        sum = new Float32Array(width);
        sums.set(id, sum);
      }
      for (let d = 0; d < width; d++) sum[d]! += gradient[i * width + d]!;
    }
  }
  return sums;
}

function globalNorm(dense: readonly tf.Tensor[], rows: readonly PendingRows[]): number {
  let squares = 0;
  for (const gradient of dense) squares += tf.sum(tf.square(gradient)).dataSync()[0]!;
  for (const { sums } of rows) for (const sum of sums.values()) for (const value of sum) squares += value * value;
  return Math.sqrt(squares);
}

function stepScalars({ rule, group }: MovedParameter, call: Call): Record<string, number> {
  const names = Object.keys(rule.rule.scalars(0, 1));
  return Object.fromEntries(names.map((scalar) => [scalar, call.scalars[scalarName(group, rule.kind, scalar)]!]));
}

function applyDense(state: EagerState, moved: MovedParameter, gradient: tf.Tensor, call: Call): void {
  if (moved.rule.kind !== "dense") return;
  const { name } = moved.parameter;
  const scalars = Object.fromEntries(
    Object.entries(stepScalars(moved, call)).map(([key, value]) => [key, tf.scalar(value)]),
  );
  const slots = Object.fromEntries(
    Object.entries(moved.slots).map(([slot, variable]) => [slot, state.dense.get(variable)!]),
  );
  const next = moved.rule.rule.apply({ value: state.dense.get(name)!, slots }, gradient, scalars);
  replace(state, name, next.value);
  for (const [slot, variable] of Object.entries(moved.slots)) replace(state, variable, next.slots[slot]!);
}

function replace(state: EagerState, name: string, value: tf.Tensor): void {
  state.dense.get(name)!.dispose();
  state.dense.set(name, tf.keep(value));
}

function applyRows(state: EagerState, { moved, sums }: PendingRows, scale: number, call: Call): void {
  const { parameter, rule } = moved;
  if (rule.kind !== "rows" || parameter.kind !== "table") return;
  const scalars = stepScalars(moved, call);
  const { width } = parameter;
  const rowsOf = (array: Float32Array, id: number, size: number): Float32Array =>
    array.subarray(id * size, (id + 1) * size);
  for (const [id, sum] of sums) {
    if (scale !== 1) for (let d = 0; d < width; d++) sum[d]! *= scale;
    const slots = Object.fromEntries(
      rule.rule.slots.map((slot) => [
        slot.name,
        rowsOf(state.tables.get(moved.slots[slot.name]!)!, id, slot.extent === "row" ? 1 : width),
      ]),
    );
    rule.rule.applyRow(rowsOf(state.tables.get(parameter.name)!, id, width), slots, sum, scalars);
  }
}

function toTensor({ data, shape }: HostTensor): tf.Tensor {
  return tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
}

function toHost(tensor: tf.Tensor): HostTensor {
  const data = tensor.dataSync();
  return { data: data instanceof Int32Array ? data.slice() : Float32Array.from(data), shape: tensor.shape };
}
