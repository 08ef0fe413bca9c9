import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copiedFeed } from "./copied-feed.ts";
import { DataType, type GraphNode, type Ref, SAVED_MODEL_TAG, serializeGraph } from "./graph.ts";
import type { NativeEngine, TensorMetadata } from "./native.ts";
import { placeNodes } from "./placement.ts";
import { smallVariables } from "./small-variables.ts";
import type { HostTensor } from "./step.ts";
import { isSmall, STATE } from "./variable-nodes.ts";
import { initialRows, rowChunks, rowCount, rowSize, type Variable } from "./variables.ts";

export type Feeds = readonly (readonly [name: Ref, value: HostTensor])[];

/** A loaded graph with its variables. */
export interface Session {
  /** Gives the variables the tensors of `state`, which it takes over, else their first values. Comes before all else. */
  readonly start: (state?: TakenState) => void;
  readonly run: (feeds: Feeds, outputs: readonly Ref[]) => HostTensor[];
  readonly read: (variable: Variable, from: number, to: number) => Float32Array;
  readonly write: (variable: Variable, from: number, values: Float32Array) => void;
  /** Hands the variables' tensors over, uncopied; after it the session can only be closed. */
  readonly take: () => TakenState;
  readonly close: () => void;
}

/** Tensors of the addon, one a variable, in order. */
export type TakenState = readonly TensorMetadata[];

/** Loads the nodes as one graph. */
export function openSession(
  native: NativeEngine,
  nodes: readonly GraphNode[],
  variables: readonly Variable[],
): Session {
  const { binding } = native.backend;
  const id = loadGraph(native, nodes);
  const fetch = (inputs: readonly number[], names: readonly Ref[], outputs: readonly Ref[]): TensorMetadata[] =>
    binding.runSavedModel(id, inputs, names.map(outputName).join(","), outputs.map(outputName).join(","));
  const download = ({ id: tensor, shape }: TensorMetadata): HostTensor => {
    const data = binding.tensorDataSync(tensor) as Float32Array | Int32Array;
    binding.deleteTensor(tensor);
    return { data, shape };
  };
  const execute: Session["run"] = (feeds, outputs) => {
    const inputs = feeds.map(([, { data, shape }]) => binding.createTensor(shape, dtypeOf(data), data));
    try {
      const names = feeds.map(([name]) => name);
      return fetch(inputs, names, outputs).map(download);
    } finally {
      for (const input of inputs) binding.deleteTensor(input);
    }
  };
  const small = smallVariables(variables.filter(isSmall), execute);
  return {
    start: (state) => {
      if (state === undefined) return initialise(execute, variables);
      const names = variables.map(STATE.value);
      const ids = state.map((tensor) => tensor.id);
      const signals = fetch(ids, names, [STATE.smallAssigned, STATE.largeAssigned]);
      for (const tensor of [...state, ...signals]) binding.deleteTensor(tensor.id);
    },
    run: (feeds, outputs) => {
      small.flush();
      small.forget();
      return execute(feeds, outputs);
    },
    read: (variable, from, to) =>
      isSmall(variable)
        ? small.read(variable, from, to)
        : (execute([[STATE.ids, rowIds(from, to)]], [STATE.readRows(variable)])[0]!.data as Float32Array),
    write: (variable, from, values) => {
      if (isSmall(variable)) small.write(variable, from, values);
      else writeRows(execute, variable, from, values);
    },
    take: () => {
      small.flush();
      return fetch([], [], variables.map(STATE.taken));
    },
    close: () => binding.deleteSavedModel(id),
  };
}

function loadGraph(native: NativeEngine, nodes: readonly GraphNode[]): number {
  const folder = mkdtempSync(join(tmpdir(), "twinstill-"));
  try {
    const bytes = serializeGraph(native.proto, native.gpu ? placeNodes(nodes) : nodes);
    writeFileSync(join(folder, "saved_model.pb"), bytes);
    return native.backend.binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** First values: small variables in one run, large ones filled and then written in chunks of rows. */
function initialise(execute: Session["run"], variables: readonly Variable[]): void {
  const feeds = variables.map((variable): Feeds[number] =>
    isSmall(variable)
      ? [STATE.value(variable), wholeInitial(variable)]
      : [STATE.filler(variable), { data: Float32Array.of(fillerOf(variable)), shape: [] }],
  );
  execute(feeds, [STATE.smallAssigned, STATE.largeFilled]);
  for (const variable of variables) {
    if (isSmall(variable) || variable.initial.kind === "constant") continue;
    for (const [from, to] of rowChunks(variable)) writeRows(execute, variable, from, initialRows(variable, from, to));
  }
}

/** What a large variable is filled with before its rows are written. */
function fillerOf({ initial }: Variable): number {
  return initial.kind === "constant" ? initial.value : 0;
}

function wholeInitial(variable: Variable): HostTensor {
  return copiedFeed(initialRows(variable, 0, rowCount(variable)), variable.shape);
}

function writeRows(execute: Session["run"], variable: Variable, from: number, values: Float32Array): void {
  const count = values.length / rowSize(variable);
  const rows = { data: values, shape: [count, rowSize(variable)] };
  const feeds: Feeds = [
    [STATE.ids, rowIds(from, from + count)],
    [STATE.rows, rows],
  ];
  execute(feeds, [STATE.rowsWritten(variable)]);
}

function outputName(ref: Ref): string {
  return ref.includes(":") ? ref : `${ref}:0`;
}

function dtypeOf(data: Float32Array | Int32Array): number {
  return data instanceof Int32Array ? DataType.int32 : DataType.float;
}

function rowIds(from: number, to: number): HostTensor {
  return { data: Int32Array.from({ length: to - from }, (_, i) => from + i), shape: [to - from] };
}
