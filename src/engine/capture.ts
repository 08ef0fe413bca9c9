import * as tf from "@tensorflow/tfjs";
import { memoryLeft } from "../memory-limit.ts";
import type { Call } from "./call.ts";
import { assertSame } from "./compare-captures.ts";
import { type LookupTape, stepGradients } from "./gradients.ts";
import { DataType, FLOAT, type GraphNode, graphWriter, INT32, type Ref } from "./graph.ts";
import type { NativeEngine } from "./native.ts";
import { withNativeOps } from "./native-ops.ts";
import { createNoise } from "./noise.ts";
import { bindValues, listParameters, type ParameterTree } from "./parameters.ts";
import { type Recorder, record } from "./record.ts";
import { writeRecording } from "./recorded-graph.ts";
import { recordedParameter } from "./recorded-parameters.ts";
import { inScope } from "./scope.ts";
import { simplifyGraph } from "./simplify-graph.ts";
import type { Entry, HostTensor } from "./step.ts";
import { emitUpdates } from "./updates.ts";
import { handleOf } from "./variable-nodes.ts";
import { movedParameters, parameterShape } from "./variables.ts";

/** One entry at one set of shapes, as nodes of the program's graph. */
export interface CapturedEntry {
  readonly nodes: readonly GraphNode[];
  /** Placeholder of each batch array, scalar input and of the noise keys. */
  readonly feeds: Readonly<Record<string, Ref>>;
  readonly outputs: readonly { readonly name: string; readonly ref: Ref }[];
  /** Of a training entry: all outputs, which are scalars, as one vector; fetching it makes the updates. */
  readonly packed?: Ref;
  readonly opCount: number;
  /** Most bytes that tensors of the recorded ops had at one time. */
  readonly bytes: number;
}

/** Name of the noise keys among the feeds. */
export const KEYS = "noise/keys";

/** What a captured step's tensors may take of the memory that is left: ops need some for themselves. */
const TENSOR_SHARE = 0.9;

/**
 * Records the entry twice, on this call and on a varied one, and writes it as graph nodes.
 *
 * @throws {ConfigError} the step reads values back, uses a tensor from outside, is not the same both times, or makes more
 * than memory has left; of a GPU's own nothing is known.
 */
export function captureEntry<P extends ParameterTree>(
  native: NativeEngine,
  tree: P,
  entryName: string,
  entry: Entry<P>,
  scope: string,
  call: Call,
): CapturedEntry {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  try {
    const first = captureOnce(native, tree, entryName, entry, scope, call);
    const second = captureOnce(native, tree, entryName, entry, scope, varied(call));
    assertSame(entryName, first, second);
    return { ...first, nodes: simplifyGraph(first.nodes, scope) };
  } finally {
    Error.stackTraceLimit = limit;
  }
}

interface CapturedOnce extends CapturedEntry {
  readonly origins: ReadonlyMap<string, Error>;
}

/** A call of the same shapes with other values: rows in reverse, other scalars, other noise. */
function varied({ batch, scalars, keys }: Call): Call {
  const reversed = Object.entries(batch).map(([name, { data, shape }]) => [
    name,
    { data: reverseRows(data, shape[0] ?? 1), shape },
  ]);
  return {
    batch: Object.fromEntries(reversed),
    scalars: Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, value * 0.5 + 0.25])),
    keys: keys.map((key) => (key + 0.375) % 1),
  };
}

function reverseRows(data: HostTensor["data"], rows: number): HostTensor["data"] {
  const width = data.length / rows;
  const result = data.slice();
  for (let row = 0; row < rows; row++)
    result.set(data.subarray((rows - 1 - row) * width, (rows - row) * width), row * width);
  return result;
}

function captureOnce<P extends ParameterTree>(
  native: NativeEngine,
  tree: P,
  entryName: string,
  entry: Entry<P>,
  scope: string,
  call: Call,
): CapturedOnce {
  const { backend } = native;
  const idOf = (tensor: tf.Tensor): number => backend.getInputTensorIds([tensor])[0]!;
  return inScope(() => {
    const known = new Map<number, Ref>();
    const nodes: GraphNode[] = [];
    const graph = graphWriter(nodes, scope);
    const feeds: Record<string, Ref> = {};
    const placeholder = (name: string, { data, shape }: HostTensor): tf.Tensor => {
      const type = data instanceof Int32Array ? "int32" : "float32";
      const tensor = tf.tensor(data, [...shape], type);
      const attributes = { dtype: type === "int32" ? INT32 : FLOAT, shape: { kind: "shape" as const, value: shape } };
      const result = { shape, dtype: type === "int32" ? DataType.int32 : DataType.float };
      feeds[name] = graph.add("Placeholder", [], attributes, `${scope}/feed/${name}`, [result]);
      known.set(idOf(tensor), feeds[name]);
      return tensor;
    };
    const batch = Object.fromEntries(
      Object.entries(call.batch).map(([name, array]) => [name, placeholder(name, array)]),
    );
    const scalars = Object.fromEntries(
      Object.entries(call.scalars).map(([name, value]) => [
        name,
        placeholder(name, { data: Float32Array.of(value), shape: [] }) as tf.Scalar,
      ]),
    );
    const noise = createNoise(placeholder(KEYS, { data: call.keys, shape: [call.keys.length] }) as tf.Tensor1D);
    const moved = entry.kind === "train" ? movedParameters(tree, entryName, entry) : [];
    const moving = new Set(moved.map(({ parameter }) => parameter.name));
    const dense = new Map<string, tf.Tensor>();
    for (const parameter of listParameters(tree)) {
      if (parameter.kind === "table" && parameter.update === "rows") continue;
      const value = tf.zeros([...parameterShape(parameter)]);
      dense.set(parameter.name, value);
      known.set(idOf(value), `${scope}/read/${parameter.name}`);
    }
    const bind = (recorder: Recorder, tape: LookupTape | undefined) =>
      bindValues(tree, (parameter) =>
        recordedParameter(native, recorder, moving.has(parameter.name) ? tape : undefined, parameter, dense),
      );
    const context = { inputs: scalars, noise };

    const limit = native.gpu ? Number.POSITIVE_INFINITY : TENSOR_SHARE * memoryLeft();
    const { result, recording } = record(backend, limit, (recorder) =>
      withNativeOps(backend, () => {
        if (entry.kind === "forward") {
          const outputs = entry.forward(bind(recorder, undefined), batch, context);
          return {
            outputs: Object.entries(outputs).map(([name, tensor]) => [name, idOf(tensor)] as const),
            gradients: undefined,
          };
        }
        const variables = moved
          .filter(({ rule }) => rule.kind === "dense")
          .map(({ parameter }) => dense.get(parameter.name)!);
        const gradients = stepGradients((tape) => entry.step(bind(recorder, tape), batch, context), variables);
        const scalarsOut = [
          ["loss", gradients.loss] as const,
          ...Object.entries(gradients.parts).map(([name, part]) => [`part/${name}`, part] as const),
        ];
        return {
          outputs: scalarsOut.map(([name, tensor]) => [name, idOf(tensor)] as const),
          gradients: {
            dense: gradients.dense.map((gradient) => gradient && idOf(gradient)),
            lookups: gradients.lookups.map(({ table, ids, gradient }) => ({
              table,
              ids: idOf(ids),
              gradient: gradient && idOf(gradient),
            })),
          },
        };
      }),
    );

    const { resolve, origins, reads } = writeRecording(native.backend.binding, recording, known, graph, scope);
    const outputs = result.outputs.map(([name, id]) => ({ name, ref: resolve(id) }));
    const readNodes = (): void => {
      for (const name of reads.dense)
        graph.add("ReadVariableOp", [handleOf(name)], { dtype: FLOAT }, `${scope}/read/${name}`, [
          { shape: dense.get(name)!.shape, dtype: DataType.float },
        ]);
    };
    if (result.gradients === undefined) {
      readNodes();
      return { nodes, feeds, origins, outputs, opCount: recording.ops.length, bytes: recording.bytes };
    }
    const denseMoved = moved.filter(({ rule }) => rule.kind === "dense");
    const gradients = {
      dense: denseMoved.flatMap((parameter, i) => {
        const id = result.gradients.dense[i];
        return id === undefined ? [] : [{ ...parameter, gradient: resolve(id) }];
      }),
      lookups: result.gradients.lookups.flatMap(({ table, ids, gradient }) =>
        gradient === undefined ? [] : [{ table, ids: resolve(ids), gradient: resolve(gradient) }],
      ),
    };
    readNodes();
    const updates = emitUpdates(graph, moved, gradients, {
      scalar: (name) => {
        feeds[name] ??= graph.add(
          "Placeholder",
          [],
          { dtype: FLOAT, shape: { kind: "shape", value: [] } },
          `${scope}/feed/${name}`,
        );
        return feeds[name];
      },
      readsOf: (name) => reads.of.get(name) ?? [],
    });
    const packed = graph.add("Pack", [...outputs.map(({ ref }) => ref), ...updates.norms.map(({ ref }) => ref)], {
      T: FLOAT,
      N: { kind: "int", value: outputs.length + updates.norms.length },
      axis: { kind: "int", value: 0 },
    });
    const done = graph.add(
      "Identity",
      [packed, ...updates.writes.map((ref) => `^${ref}`)],
      { T: FLOAT },
      `${scope}/packed`,
    );
    return {
      nodes,
      feeds,
      origins,
      outputs: [...outputs, ...updates.norms],
      packed: done,
      opCount: recording.ops.length,
      bytes: recording.bytes,
    };
  });
}
