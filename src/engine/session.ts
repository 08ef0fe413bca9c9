import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  boolAttribute,
  DataType,
  FLOAT,
  type GraphNode,
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
import { rowSize, type Variable } from "./variables.ts";

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
    addTransfer(graph, variable, handle);
  }
  graph.add(
    "Const",
    fills.map((node) => `^${node}`),
    scalarOne,
    "state/filled",
  );
  return nodes;
}

const scalarOne = {
  dtype: FLOAT,
  value: { kind: "tensor" as const, type: DataType.float, shape: [], bytes: new Uint8Array(Float32Array.of(1).buffer) },
};

function addTransfer(graph: ReturnType<typeof graphWriter>, variable: Variable, handle: Ref): void {
  const scope = `state/${variable.name}`;
  let written: Ref;
  if (variable.byRows) {
    graph.add(
      "ResourceGather",
      [handle, IDS],
      { dtype: FLOAT, Tindices: INT32, validate_indices: boolAttribute(true) },
      `${scope}/read`,
    );
    written = graph.add("ResourceScatterUpdate", [handle, IDS, ROWS], { dtype: FLOAT, Tindices: INT32 });
  } else {
    graph.add("ReadVariableOp", [handle], { dtype: FLOAT }, `${scope}/read`);
    written = graph.add("AssignVariableOp", [handle, ROWS], { dtype: FLOAT });
  }
  graph.add("Const", [`^${written}`], scalarOne, `${scope}/written`);
}

/** Loads the nodes as one graph and fills every variable with its constant (or zero). */
export function openSession(native: NativeEngine, nodes: readonly GraphNode[]): Session {
  const { binding } = native.backend;
  const folder = mkdtempSync(join(tmpdir(), "twinstill-"));
  let id: number;
  try {
    writeFileSync(join(folder, "saved_model.pb"), serializeGraph(native.proto, native.gpu ? placeNodes(nodes) : nodes));
    id = binding.loadSavedModel(folder, SAVED_MODEL_TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const run: Session["run"] = (feeds, outputs) => {
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
  run([], ["state/filled"]);
  return {
    run,
    read: (variable, from, to) => {
      const feeds = variable.byRows ? [[IDS, rowIds(from, to)] as const] : [];
      return run(feeds, [`state/${variable.name}/read`])[0]!.data as Float32Array;
    },
    write: (variable, from, values) => {
      const count = values.length / rowSize(variable);
      const feeds = variable.byRows
        ? ([
            [IDS, rowIds(from, from + count)],
            [ROWS, { data: values, shape: [count, rowSize(variable)] }],
          ] as const)
        : ([[ROWS, { data: values, shape: variable.shape }]] as const);
      run(feeds, [`state/${variable.name}/written`]);
    },
    close: () => binding.deleteSavedModel(id),
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
