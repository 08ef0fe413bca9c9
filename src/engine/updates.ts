import {
  boolAttribute,
  DataType,
  FLOAT,
  type GraphWriter,
  INT32,
  intAttribute,
  type Ref,
  typeAttribute,
} from "./graph.ts";
import { add, divide, multiply, readVariable, sqrt, square } from "./optimisers/graph-ops.ts";
import { handleOf } from "./variable-nodes.ts";
import type { MovedParameter } from "./variables.ts";

/** Gradients of a captured step as refs into its graph. */
export interface GradientRefs {
  readonly dense: readonly (MovedParameter & { readonly gradient: Ref })[];
  readonly lookups: readonly { readonly table: string; readonly ids: Ref; readonly gradient: Ref }[];
}

export interface UpdateContext {
  /** Placeholder of a scalar that changes from step to step. */
  readonly scalar: (name: string) => Ref;
  /** Nodes that read a variable in this entry: they come before its update. */
  readonly readsOf: (variable: string) => readonly Ref[];
}

/** Feed name of an optimiser scalar: `<group>/<dense|rows>/<scalar>`. */
export function scalarName(group: string, kind: "dense" | "rows", scalar: string): string {
  return `${group}/${kind}/${scalar}`;
}

interface Pending {
  readonly moved: MovedParameter;
  readonly gradient: Ref;
  readonly ids?: Ref;
}

/** Emits the nodes that move every parameter with a gradient; returns those that write, and the groups' gradient norms. */
export function emitUpdates(
  graph: GraphWriter,
  moved: readonly MovedParameter[],
  gradients: GradientRefs,
  context: UpdateContext,
): { readonly writes: readonly Ref[]; readonly norms: readonly { readonly name: string; readonly ref: Ref }[] } {
  const pending: Pending[] = [
    ...gradients.dense.map(({ gradient, ...parameter }) => ({
      moved: parameter,
      gradient: withL2(graph, parameter, gradient),
    })),
    ...moved.flatMap((parameter) => sumRows(graph, parameter, gradients.lookups)),
  ];
  const norms: { name: string; ref: Ref }[] = [];
  const writes: Ref[] = [];
  for (const group of new Set(pending.map((item) => item.moved.group))) {
    const members = pending.filter((item) => item.moved.group === group);
    const clipNorm = members[0]!.moved.optimiser.clipNorm;
    const norm = clipNorm === undefined ? undefined : globalNorm(graph, members);
    if (norm !== undefined) norms.push({ name: `gradientNorm/${group}`, ref: norm });
    const scale = norm === undefined ? undefined : clipScale(graph, norm, clipNorm!);
    for (const member of members) writes.push(...emitUpdate(graph, member, scale, context));
  }
  return { writes, norms };
}

function withL2(graph: GraphWriter, { optimiser, parameter }: MovedParameter, gradient: Ref): Ref {
  if (!optimiser.l2) return gradient;
  return add(
    graph,
    gradient,
    multiply(graph, readVariable(graph, handleOf(parameter.name)), graph.float(optimiser.l2)),
  );
}

/** Distinct ids of all lookups of a table and the sums of their gradients; the padding row's sum is zero. */
function sumRows(graph: GraphWriter, moved: MovedParameter, lookups: GradientRefs["lookups"]): Pending[] {
  const { parameter } = moved;
  if (moved.rule.kind !== "rows" || parameter.kind !== "table") return [];
  const reads = lookups.filter(({ table }) => table === parameter.name);
  if (reads.length === 0) return [];
  const flatIds = reads.map(({ ids }) => reshape(graph, ids, [-1], DataType.int32));
  const flatRows = reads.map(({ gradient }) => reshape(graph, gradient, [-1, parameter.width], DataType.float));
  const ids = concat(graph, flatIds, DataType.int32);
  const unique = graph.add("Unique", [ids], { T: INT32, out_idx: INT32 });
  const count = graph.add("Size", [unique], { T: INT32, out_type: INT32 });
  // UnsortedSegmentSum leaves out negative segments.
  const real = graph.add("NotEqual", [ids, graph.int(0)], { T: INT32 });
  const segments = graph.add("SelectV2", [real, `${unique}:1`, graph.int(-1)], { T: INT32 });
  const sums = graph.add("UnsortedSegmentSum", [concat(graph, flatRows, DataType.float), segments, count], {
    T: FLOAT,
    Tindices: INT32,
    Tnumsegments: INT32,
  });
  return [{ moved, gradient: sums, ids: unique }];
}

function globalNorm(graph: GraphWriter, members: readonly Pending[]): Ref {
  const squares = members.map(({ gradient }) => {
    const flat = reshape(graph, square(graph, gradient), [-1], DataType.float);
    return graph.add("Sum", [flat, graph.int(0)], { T: FLOAT, Tidx: INT32, keep_dims: boolAttribute(false) });
  });
  return sqrt(
    graph,
    squares.length === 1 ? squares[0]! : graph.add("AddN", squares, { T: FLOAT, N: intAttribute(squares.length) }),
  );
}

/** min(1, clipNorm / norm). */
function clipScale(graph: GraphWriter, norm: Ref, clipNorm: number): Ref {
  const limit = graph.float(clipNorm);
  return divide(graph, limit, graph.add("Maximum", [norm, limit], { T: FLOAT }));
}

function emitUpdate(
  graph: GraphWriter,
  { moved, gradient, ids }: Pending,
  scale: Ref | undefined,
  context: UpdateContext,
): readonly Ref[] {
  const { parameter, rule, slots, group } = moved;
  const state = {
    value: handleOf(parameter.name),
    slots: Object.fromEntries(Object.entries(slots).map(([slot, variable]) => [slot, handleOf(variable)])),
  };
  const scaled = scale === undefined ? gradient : multiply(graph, gradient, scale);
  const reads = context.readsOf(parameter.name).map((ref) => `^${ref}`);
  const ready = reads.length === 0 ? scaled : graph.add("Identity", [scaled, ...reads], { T: FLOAT });
  const scalars = Object.fromEntries(
    Object.keys(rule.rule.scalars(0, 1)).map((scalar) => [
      scalar,
      context.scalar(scalarName(group, rule.kind, scalar)),
    ]),
  );
  return rule.kind === "dense"
    ? rule.rule.emit(graph, state, ready, scalars)
    : rule.rule.emit(graph, state, ids!, ready, scalars);
}

function reshape(graph: GraphWriter, x: Ref, shape: readonly number[], type: number): Ref {
  const target = graph.constant(DataType.int32, [shape.length], new Uint8Array(Int32Array.from(shape).buffer));
  return graph.add("Reshape", [x, target], { T: typeAttribute(type), Tshape: INT32 });
}

function concat(graph: GraphWriter, parts: readonly Ref[], type: number): Ref {
  if (parts.length === 1) return parts[0]!;
  return graph.add("ConcatV2", [...parts, graph.int(0)], {
    T: typeAttribute(type),
    N: intAttribute(parts.length),
    Tidx: INT32,
  });
}
