import * as tf from "@tensorflow/tfjs";
import { gatherDense } from "./gather-dense.ts";
import type { LookupTape } from "./gradients.ts";
import type { TableValue } from "./lookup.ts";
import type { NativeEngine, OpAttribute } from "./native.ts";
import type { Parameter, TableParameter } from "./parameters.ts";
import type { Recorder } from "./record.ts";

/** What a recorded step sees of a parameter: a zero tensor that stands for the variable, or reads of its rows. */
export function recordedParameter(
  native: NativeEngine,
  recorder: Recorder,
  tape: LookupTape | undefined,
  parameter: Parameter,
  dense: ReadonlyMap<string, tf.Tensor>,
): tf.Tensor | TableValue {
  if (parameter.kind === "dense") return dense.get(parameter.name)!;
  const { name, rows, width } = parameter;
  const readRows =
    parameter.update === "dense"
      ? (ids: tf.Tensor): tf.Tensor => gatherDense(dense.get(name)!, ids)
      : (ids: tf.Tensor): tf.Tensor => readTable(native, recorder, tape, parameter, ids);
  return { name, rows, width, readRows };
}

function readTable(
  native: NativeEngine,
  recorder: Recorder,
  tape: LookupTape | undefined,
  table: TableParameter,
  ids: tf.Tensor,
): tf.Tensor {
  const { backend } = native;
  const { binding } = backend;
  const idsId = backend.getInputTensorIds([ids])[0]!;
  const rows = tf.zeros([...ids.shape, table.width]);
  const output = { id: backend.getInputTensorIds([rows])[0]!, shape: rows.shape, dtype: binding.TF_FLOAT };
  const attributes: OpAttribute[] = [
    { name: "dtype", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    { name: "Tindices", type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
    { name: "validate_indices", type: binding.TF_ATTR_BOOL, value: true },
  ];
  recorder.addVariableRead("ResourceGather", attributes, [{ variable: table.name }, idsId], output);
  tape?.record(table.name, ids, rows);
  return rows;
}
