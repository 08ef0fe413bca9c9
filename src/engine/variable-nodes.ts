import {
  boolAttribute,
  DataType,
  FLOAT,
  type GraphNode,
  type GraphWriter,
  graphWriter,
  INT32,
  type Ref,
  shapeAttribute,
  stringAttribute,
} from "./graph.ts";
import { rowCount, rowSize, type Variable } from "./variables.ts";

/** Node name of a variable's handle; slashes keep the parameter's path readable in exported graphs. */
export const handleOf = (name: string): Ref => `variable/${name}`;

/** Tables of at most this many values, and all dense variables, are read and written whole, all in one run. */
const SMALL_VALUES = 2 ** 22;

export function isSmall(variable: Variable): boolean {
  return !variable.byRows || rowCount(variable) * rowSize(variable) <= SMALL_VALUES;
}

/** Names of the nodes through which a session's variables are reached. */
export const STATE = {
  /** Ids and values of the rows that are read or written. */
  ids: "state/ids",
  rows: "state/rows",
  /** Fetched to fill the large variables, and to assign what was fed to the `value` of all small or all large ones. */
  largeFilled: "state/large/filled",
  smallAssigned: "state/small/assigned",
  largeAssigned: "state/large/assigned",
  /** Placeholder of a variable's whole value. */
  value: ({ name }: Variable): Ref => `state/${name}/value`,
  /** Placeholder of the number that a large variable is filled with. */
  filler: ({ name }: Variable): Ref => `state/${name}/filler`,
  /** A copy of a variable. */
  whole: ({ name }: Variable): Ref => `state/${name}/whole`,
  /** The variable's own tensor, not a copy: the session must not write to it any more. */
  taken: ({ name }: Variable): Ref => `state/${name}/taken`,
  readRows: ({ name }: Variable): Ref => `state/${name}/read`,
  rowsWritten: ({ name }: Variable): Ref => `state/${name}/written`,
} as const;

/** Handles, and for each variable the nodes that fill, read, write, take and give it. */
export function variableNodes(variables: readonly Variable[]): GraphNode[] {
  const nodes: GraphNode[] = [];
  const graph = graphWriter(nodes, "state");
  graph.add("Placeholder", [], { dtype: INT32 }, STATE.ids);
  graph.add("Placeholder", [], { dtype: FLOAT }, STATE.rows);
  const [small, large, filled]: Ref[][] = [[], [], []];
  for (const variable of variables) {
    const handle = addHandle(graph, variable);
    const value = graph.add("Placeholder", [], { dtype: FLOAT }, STATE.value(variable));
    const assigned = graph.add("AssignVariableOp", [handle, value], { dtype: FLOAT });
    addTaking(graph, variable, handle);
    if (isSmall(variable)) {
      small!.push(assigned);
      graph.add("ReadVariableOp", [handle], { dtype: FLOAT }, STATE.whole(variable));
    } else {
      large!.push(assigned);
      filled!.push(addFill(graph, variable, handle));
      addRowTransfer(graph, variable, handle);
    }
  }
  addSignal(graph, STATE.smallAssigned, small!);
  addSignal(graph, STATE.largeAssigned, large!);
  addSignal(graph, STATE.largeFilled, filled!);
  return nodes;
}

function addHandle(graph: GraphWriter, { name, shape }: Variable): Ref {
  const names = { shared_name: stringAttribute(name), container: stringAttribute("") };
  return graph.add("VarHandleOp", [], { dtype: FLOAT, shape: shapeAttribute(shape), ...names }, handleOf(name));
}

/** Ops that touch single rows make each read of the variable a copy; that is switched off before it is taken. */
function addTaking(graph: GraphWriter, variable: Variable, handle: Ref): void {
  const uncopied = graph.add("DisableCopyOnRead", [handle], {});
  graph.add("ReadVariableOp", [handle, `^${uncopied}`], { dtype: FLOAT }, STATE.taken(variable));
}

/** The number is fed: TensorFlow would make one tensor of equal fills, which the first write then copies. */
function addFill(graph: GraphWriter, variable: Variable, handle: Ref): Ref {
  const { shape } = variable;
  const size = graph.constant(DataType.int32, [shape.length], new Uint8Array(Int32Array.from(shape).buffer));
  const value = graph.add("Placeholder", [], { dtype: FLOAT }, STATE.filler(variable));
  const filled = graph.add("Fill", [size, value], { T: FLOAT, index_type: INT32 });
  return graph.add("AssignVariableOp", [handle, filled], { dtype: FLOAT });
}

/** A large variable is read and written in chunks of rows. */
function addRowTransfer(graph: GraphWriter, variable: Variable, handle: Ref): void {
  const types = { dtype: FLOAT, Tindices: INT32 };
  const validate = { validate_indices: boolAttribute(true) };
  graph.add("ResourceGather", [handle, STATE.ids], { ...types, ...validate }, STATE.readRows(variable));
  const written = graph.add("ResourceScatterUpdate", [handle, STATE.ids, STATE.rows], types);
  addSignal(graph, STATE.rowsWritten(variable), [written]);
}

/** A node that can be fetched once `nodes` have run. */
function addSignal(graph: GraphWriter, name: string, nodes: readonly Ref[]): void {
  const bytes = new Uint8Array(Float32Array.of(1).buffer);
  const value = { kind: "tensor" as const, type: DataType.float, shape: [], bytes };
  const after = nodes.map((node) => `^${node}`);
  graph.add("Const", after, { dtype: FLOAT, value }, name);
}
