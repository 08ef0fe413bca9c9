/** A protobuf message as this file builds it: setters are called by name. */
type ProtoMessage = { [method: string]: (...values: never[]) => unknown };

/** TensorFlow's DataType numbers that our graphs use. */
export const DataType = { float: 1, int32: 3, string: 7, int64: 9, bool: 10, resource: 20 } as const;

/** An output of a node: `name` for output 0, `name:k` for output k, `^name` for control. */
export type Ref = string;

export type Attribute =
  | { readonly kind: "type"; readonly value: number }
  | { readonly kind: "shape"; readonly value: readonly number[] }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "tensor"; readonly type: number; readonly shape: readonly number[]; readonly bytes: Uint8Array };

export type Attributes = Readonly<Record<string, Attribute>>;

/** A node of a TensorFlow graph as a plain record. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Ref[];
  readonly attributes: Attributes;
  readonly device?: string;
  /** What it gives, where a recording has shown it. */
  readonly results?: readonly TensorType[];
}

/** Shape and DataType of a tensor. */
export interface TensorType {
  readonly shape: readonly number[];
  readonly dtype: number;
}

export const typeAttribute = (value: number): Attribute => ({ kind: "type", value });
export const boolAttribute = (value: boolean): Attribute => ({ kind: "bool", value });
export const shapeAttribute = (value: readonly number[]): Attribute => ({ kind: "shape", value });
export const stringAttribute = (value: string): Attribute => ({ kind: "string", value });
export const intAttribute = (value: number): Attribute => ({ kind: "int", value });

export const FLOAT = typeAttribute(DataType.float);
export const INT32 = typeAttribute(DataType.int32);

/** Collects the nodes of a graph; names are given by the caller or numbered under `scope`. */
export interface GraphWriter {
  readonly nodes: GraphNode[];
  /** Adds a node and returns its first output. */
  readonly add: (
    op: string,
    inputs: readonly Ref[],
    attributes: Attributes,
    name?: string,
    results?: readonly TensorType[],
  ) => Ref;
  readonly float: (value: number) => Ref;
  readonly int: (value: number) => Ref;
  readonly constant: (type: number, shape: readonly number[], bytes: Uint8Array) => Ref;
}

export function graphWriter(nodes: GraphNode[], scope: string): GraphWriter {
  let count = 0;
  const scalars = new Map<string, Ref>();
  const add: GraphWriter["add"] = (op, inputs, attributes, name = `${scope}/${op}_${count++}`, results) => {
    nodes.push({ name, op, inputs, attributes, ...(results && { results }) });
    return name;
  };
  const constant: GraphWriter["constant"] = (type, shape, bytes) =>
    add("Const", [], { dtype: typeAttribute(type), value: { kind: "tensor", type, shape, bytes } });
  const scalar = (type: number, values: Float32Array | Int32Array): Ref => {
    const key = `${type}:${values[0]}`;
    const known = scalars.get(key);
    if (known !== undefined) return known;
    const made = constant(type, [], new Uint8Array(values.buffer.slice(0)));
    scalars.set(key, made);
    return made;
  };
  return {
    nodes,
    add,
    constant,
    float: (value) => scalar(DataType.float, Float32Array.of(value)),
    int: (value) => scalar(DataType.int32, Int32Array.of(value)),
  };
}

/**
 * A SavedModel (one meta graph, tag `twinstill`) of the nodes, as the bytes of its saved_model.pb.
 *
 * @param proto - the classes of the addon's api_pb.js.
 */
export function serializeGraph(proto: unknown, nodes: readonly GraphNode[]): Uint8Array {
  const classes = proto as Record<string, new () => ProtoMessage>;
  const make = (name: string, fields: Record<string, unknown> = {}): ProtoMessage => {
    const message = new classes[name]!();
    for (const [field, value] of Object.entries(fields)) message[`set${field}`]!(value as never);
    return message;
  };
  const nested = (parent: string, child: string): ProtoMessage =>
    new (classes[parent] as unknown as Record<string, new () => ProtoMessage>)[child]!();
  const shapeMessage = (shape: readonly number[]): ProtoMessage =>
    make("TensorShape", {
      DimList: shape.map((size) => {
        const dimension = nested("TensorShape", "Dim");
        dimension.setSize!(size as never);
        return dimension;
      }),
    });
  const list = (setter: string, values: readonly number[]): ProtoMessage => {
    const message = nested("AttrValue", "ListValue");
    message[setter]!([...values] as never);
    return make("AttrValue", { List: message });
  };
  const attributeMessage = (attribute: Attribute): ProtoMessage => {
    switch (attribute.kind) {
      case "type":
        return make("AttrValue", { Type: attribute.value });
      case "shape":
        return make("AttrValue", { Shape: shapeMessage(attribute.value) });
      case "bool":
        return make("AttrValue", { B: attribute.value });
      case "int":
        return make("AttrValue", { I: attribute.value });
      case "float":
        return make("AttrValue", { F: attribute.value });
      case "string":
        return make("AttrValue", { S: Buffer.from(attribute.value) });
      case "ints":
        return list("setIList", attribute.value);
      case "floats":
        return list("setFList", attribute.value);
      case "tensor":
        return make("AttrValue", {
          Tensor: make("Tensor", {
            Dtype: attribute.type,
            TensorShape: shapeMessage(attribute.shape),
            TensorContent: Buffer.from(attribute.bytes.buffer, attribute.bytes.byteOffset, attribute.bytes.byteLength),
          }),
        });
    }
  };
  const graph = make("GraphDef", { Versions: make("VersionDef", { Producer: 1000 }) });
  for (const node of nodes) {
    const message = make("NodeDef", {
      Name: node.name,
      Op: node.op,
      InputList: [...node.inputs],
      Device: node.device ?? "",
    });
    const map = message.getAttrMap!() as { set(key: string, value: ProtoMessage): void };
    for (const [name, attribute] of Object.entries(node.attributes)) map.set(name, attributeMessage(attribute));
    graph.addNode!(message as never);
  }
  const info = nested("MetaGraphDef", "MetaInfoDef");
  info.setTagsList!([SAVED_MODEL_TAG] as never);
  const metaGraph = make("MetaGraphDef", { MetaInfoDef: info, GraphDef: graph });
  const savedModel = make("SavedModel", { SavedModelSchemaVersion: 1 });
  savedModel.addMetaGraphs!(metaGraph as never);
  return savedModel.serializeBinary!() as Uint8Array;
}

/** Tag of the one meta graph that `serializeGraph` writes. */
export const SAVED_MODEL_TAG = "twinstill";
