import { ConfigError } from "../errors.ts";
import {
  type Attribute,
  type Attributes,
  DataType,
  FLOAT,
  type GraphWriter,
  INT32,
  type Ref,
  typeAttribute,
} from "./graph.ts";
import type { Binding, OpAttribute } from "./native.ts";
import { type RecordedInput, type RecordedOp, type Recording, userFrame } from "./record.ts";
import { handleOf } from "./variable-nodes.ts";

/** A recording as nodes of a graph. */
export interface WrittenRecording {
  readonly resolve: (input: RecordedInput) => Ref;
  readonly origins: Map<string, Error>;
  /** Variables read whole, and the nodes that read each variable. */
  readonly reads: { readonly dense: Set<string>; readonly of: Map<string, Ref[]> };
}

/**
 * Writes the recorded ops as nodes under `scope`; `known` names tensors that stand for placeholders and variables.
 *
 * @throws {ConfigError} an op uses a tensor that was not made while recording.
 */
export function writeRecording(
  binding: Binding,
  recording: Recording,
  known: ReadonlyMap<number, Ref>,
  graph: GraphWriter,
  scope: string,
): WrittenRecording {
  const produced = new Map<number, Ref>(known);
  const origins = new Map<string, Error>();
  const dense = new Set<string>();
  const of = new Map<string, Ref[]>();
  const readPrefix = `${scope}/read/`;
  const constants = new Map<number, Ref>();
  let current: RecordedOp | undefined;
  const resolve = (input: RecordedInput): Ref => {
    if (typeof input !== "number") return handleOf(input.variable);
    const ref = produced.get(input) ?? constants.get(input);
    if (ref !== undefined) {
      if (ref.startsWith(readPrefix)) {
        const name = ref.slice(readPrefix.length);
        if (!dense.has(name)) of.set(name, [...(of.get(name) ?? []), ref]);
        dense.add(name);
      }
      return ref;
    }
    const constant = recording.constants.get(input);
    if (constant === undefined) {
      throw new ConfigError(
        `capture: a step must make its tensors itself, got one from outside in ${current?.op ?? "its result"}` +
          `${current ? userFrame(current.origin) : ""}; pass it in the batch or as an input`,
      );
    }
    const { values, shape, dtype } = constant;
    const bytes = new Uint8Array(
      values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength) as ArrayBuffer,
    );
    const made = graph.constant(dtype, shape, bytes);
    constants.set(input, made);
    return made;
  };
  recording.ops.forEach((recorded, index) => {
    current = recorded;
    const name = graph.add(
      recorded.op,
      recorded.inputs.map(resolve),
      attributesOf(binding, recorded),
      `${scope}/${index}_${recorded.op}`,
      recorded.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    origins.set(name, recorded.origin);
    recorded.outputs.forEach((output, k) => {
      produced.set(output.id, k === 0 ? name : `${name}:${k}`);
    });
    const [handle] = recorded.inputs;
    if (typeof handle === "object") of.set(handle.variable, [...(of.get(handle.variable) ?? []), name]);
  });
  current = undefined;
  return { resolve, origins, reads: { dense, of } };
}

/** Type attributes that eager TensorFlow infers and a graph needs spelled out. */
const INFERRED: Readonly<Record<string, Attributes>> = {
  ExpandDims: { T: FLOAT, Tdim: INT32 },
};

function attributesOf(binding: Binding, { op, attributes, outputs }: RecordedOp): Attributes {
  const given = Object.fromEntries(
    attributes.map((attribute) => [attribute.name, convertAttribute(binding, attribute)]),
  );
  const inferred = INFERRED[op];
  if (inferred === undefined) return given;
  return { ...inferred, T: typeAttribute(outputs[0]?.dtype ?? DataType.float), ...given };
}

function convertAttribute(binding: Binding, { name, type, value }: OpAttribute): Attribute {
  if (type === binding.TF_ATTR_TYPE) return typeAttribute(value as number);
  if (type === binding.TF_ATTR_SHAPE) return { kind: "shape", value: value as number[] };
  if (type === binding.TF_ATTR_BOOL) return { kind: "bool", value: value as boolean };
  if (type === binding.TF_ATTR_STRING) return { kind: "string", value: String(value) };
  const many = Array.isArray(value);
  if (type === binding.TF_ATTR_INT) return many ? { kind: "ints", value } : { kind: "int", value: value as number };
  if (type === binding.TF_ATTR_FLOAT)
    return many ? { kind: "floats", value } : { kind: "float", value: value as number };
  throw new Error(`capture: attribute ${name} has unknown type ${type}`);
}
