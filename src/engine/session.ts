import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  boolAttribute,
  DataType,
  FLOAT,
  type GraphNode,
  type GraphWriter,
  graphWriter,
  INT32,
  type Ref,
  SAVED_MODEL_TAG,
  serializeGraph,
  shapeAttribute,
  stringAttribute,
} from "./graph.ts";
import type { NativeEngine } from "./native.ts";
import { placeNodes } from "./placement.ts";
import type { HostTensor } from "./step.ts";
import { rowCount, rowSize, type Variable } from "./variables.ts";

/** A loaded graph with its variables. */
export interface Session {
  readonly run: (
    feeds: readonly (readonly [name: string, value: HostTensor])[],
    outputs: readonly Ref[],
  ) => HostTensor[];
  readonly read: (variable: Variable, from: number, to: number) => Float32Array;
  readonly write: (variable: Variable, from: number, values: Float32Array) => void;
  readonly close: () => void;
}

/** Node name of a variable's handle; slashes keep the parameter's path readable in exported graphs. */
export const handleOf = (name: string): Ref => `variable/${name}`;

const IDS = "state/ids";
const ROWS = "state/rows";

/** Handles, and for each variable the nodes that fill, read and write it. */
export function variableNodes(variables: readonly Variable[]): GraphNode[] {
  const nodes: GraphNode[] = [];
  const graph = graphWriter(nodes, "state");
  graph.add("Placeholder", [], { dtype: INT32 }, IDS);
  graph.add("Placeholder", [], { dtype: FLOAT }, ROWS);
  const fills: Ref[] = [];
  const assigned: Ref[] = [];
  for (const variable of variables) {
    const handle = graph.add(
      "VarHandleOp",
      [],
      {
        dtype: FLOAT,
        shape: shapeAttribute(variable.shape),
        shared_name: stringAttribute(variable.name),
        container: stringAttribute(""),
      },
      handleOf(variable.name),
    );
    const shape = graph.constant(
      DataType.int32,
      [variable.shape.length],
      new Uint8Array(Int32Array.from(variable.shape).buffer),
    );
    const initial = graph.float(variable.initial.kind === "constant" ? variable.initial.value : 0);
    const filled = graph.add("Fill", [shape, initial], { T: FLOAT, index_type: INT32 });
    fills.push(graph.add("AssignVariableOp", [handle, filled], { dtype: FLOAT }));
    if (isSmall(variable)) {
      graph.add("ReadVariableOp", [handle], { dtype: FLOAT }, wholeOf(variable));
      const value = graph.add("Placeholder", [], { dtype: FLOAT }, incomingOf(variable));
      assigned.push(graph.add("AssignVariableOp", [handle, value], { dtype: FLOAT }));
    } else addRowTransfer(graph, variable, handle);
  }
  graph.add(
    "Const",
    assigned.map((node) => `^${node}`),
    scalarOne,
    SMALL_WRITTEN,
  );
  graph.add(
    "Const",
    fills.map((node) => `^${node}`),
    scalarOne,
    "state/filled",
  );
  return nodes;
}

/** Tables of at most this many values, and all dense variables, move together. */
const SMALL_VALUES = 2 ** 22;
const SMALL_WRITTEN = "state/small/written";
const wholeOf = ({ name }: Variable): Ref => `state/${name}/whole`;
const incomingOf = ({ name }: Variable): Ref => `state/${name}/value`;

/** True for variables that are read and written whole, all in one run. */
export function isSmall(variable: Variable): boolean {
  return !variable.byRows || rowCount(variable) * rowSize(variable) <= SMALL_VALUES;
}

const scalarOne = {
  dtype: FLOAT,
  value: { kind: "tensor" as const, type: DataType.float, shape: [], bytes: new Uint8Array(Float32Array.of(1).buffer) },
};

/** A large variable moves in chunks of rows. */
function addRowTransfer(graph: GraphWriter, variable: Variable, handle: Ref): void {
  const scope = `state/${variable.name}`;
  const types = { dtype: FLOAT, Tindices: INT32 };
  graph.add("ResourceGather", [handle, IDS], { ...types, validate_indices: boolAttribute(true) }, `${scope}/read`);
  const written = graph.add("ResourceScatterUpdate", [handle, IDS, ROWS], types);
  graph.add("Const", [`^${written}`], scalarOne, `${scope}/written`);
}

/** Loads the nodes as one graph and fills every variable with its constant (or zero). */
export function openSession(
  native: NativeEngine,
  nodes: readonly GraphNode[],
  variables: readonly Variable[],
): Session {
  const { binding } = native.backend;
  const folder = mkdtempSync(join(tmpdir(), "twinstill-"));
  let id: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), serializeGraph(native.proto, native.gpu ? placeNodes(nodes) : nodes));
    id = binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const execute: Execute = (feeds, outputs) => {
    const inputs = feeds.map(([, { data, shape }]) => binding.createTensor(shape, dtypeOf(data), data));
    try {
      const names = feeds.map(([name]) => `${name}:0`).join(",");
      const results = binding.runSavedModel(id, inputs, names, outputs.map(outputName).join(","));
      return results.map((result) => {
        const data = binding.tensorDataSync(result.id) as Float32Array | Int32Array;
        binding.deleteTensor(result.id);
        return { data, shape: result.shape };
      });
    } finally {
      for (const input of inputs) binding.deleteTensor(input);
    }
  };
  execute([], ["state/filled"]);
  const small = smallVariables(variables.filter(isSmall), execute);
  return {
    run: (feeds, outputs) => {
      small.flush();
      small.forget();
      return execute(feeds, outputs);
    },
    read: (variable, from, to) => {
      if (isSmall(variable)) return small.read(variable, from, to);
      return execute([[IDS, rowIds(from, to)]], [`state/${variable.name}/read`])[0]!.data as Float32Array;
    },
    write: (variable, from, values) => {
      if (isSmall(variable)) {
        small.write(variable, from, values);
        return;
      }
      const count = values.length / rowSize(variable);
      const rows = { data: values, shape: [count, rowSize(variable)] };
      execute(
        [
          [IDS, rowIds(from, from + count)],
          [ROWS, rows],
        ],
        [`state/${variable.name}/written`],
      );
    },
    close: () => binding.deleteSavedModel(id),
  };
}

type Execute = Session["run"];

/**
 * Small variables, read and written together: each run with outputs of its own costs TensorFlow a planning of the
 * whole graph, so reading a hundred variables one by one would take seconds.
 */
function smallVariables(variables: readonly Variable[], execute: Execute) {
  const places = new Map(variables.map((variable, i) => [variable.name, i]));
  let values: readonly Float32Array[] | undefined;
  let changed = false;
  const held = (variable: Variable): Float32Array => {
    values ??= execute([], variables.map(wholeOf)).map(({ data }) => data as Float32Array);
    return values[places.get(variable.name)!]!;
  };
  return {
    read: (variable: Variable, from: number, to: number): Float32Array => {
      const size = rowSize(variable);
      return held(variable).slice(from * size, to * size);
    },
    write: (variable: Variable, from: number, rows: Float32Array): void => {
      held(variable).set(rows, from * rowSize(variable));
      changed = true;
    },
    /** Brings what was written into the session. */
    flush: (): void => {
      if (!changed) return;
      const feeds = variables.map(
        (variable, i) => [incomingOf(variable), { data: values![i]!, shape: variable.shape }] as const,
      );
      execute(feeds, [SMALL_WRITTEN]);
      changed = false;
    },
    /** After this the session's own values are read again. */
    forget: (): void => {
      values = undefined;
    },
  };
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
