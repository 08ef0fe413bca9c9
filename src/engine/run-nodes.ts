import type { Attribute, GraphNode, Ref } from "./graph.ts";
import type { Binding, OpAttribute, TensorMetadata } from "./native.ts";

/** A node that has just been run, with what it was run on. */
export interface NodeRun {
  readonly node: GraphNode;
  readonly inputs: readonly TensorMetadata[];
  /** Runs the node once more and frees what it gives. */
  readonly again: () => void;
}

/**
 * Runs nodes op by op, each after what it needs (control inputs too), and frees everything at the end.
 *
 * @param given - tensors for placeholders and variable handles, by node name; they stay the caller's.
 */
export function runNodes(
  binding: Binding,
  nodes: readonly GraphNode[],
  given: ReadonlyMap<string, TensorMetadata>,
  onRun: (run: NodeRun) => void,
): void {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const results = new Map<string, readonly TensorMetadata[]>();
  const resultsOf = (ref: Ref): readonly TensorMetadata[] => {
    const [name] = ref.replace("^", "").split(":") as [string];
    const known = given.get(name);
    if (known !== undefined) return [known];
    if (!results.has(name)) run(byName.get(name)!);
    return results.get(name)!;
  };
  const run = (node: GraphNode): void => {
    for (const ref of node.inputs) if (ref.startsWith("^")) resultsOf(ref);
    const inputs = node.inputs.filter((ref) => !ref.startsWith("^")).map((ref) => resultsOf(ref)[outputIndex(ref)]!);
    const execute = operation(binding, node, inputs);
    results.set(node.name, execute());
    onRun({ node, inputs, again: () => free(binding, execute()) });
  };
  for (const node of nodes) resultsOf(node.name);
  for (const outputs of results.values()) free(binding, outputs);
}

function free(binding: Binding, tensors: readonly TensorMetadata[]): void {
  for (const { id } of tensors) binding.deleteTensor(id);
}

function outputIndex(ref: Ref): number {
  const at = ref.indexOf(":");
  return at < 0 ? 0 : Number(ref.slice(at + 1));
}

function operation(
  binding: Binding,
  node: GraphNode,
  inputs: readonly TensorMetadata[],
): () => readonly TensorMetadata[] {
  const { value } = node.attributes;
  if (node.op === "Const" && value?.kind === "tensor") {
    const { shape, type, bytes } = value;
    return () => [
      { id: binding.createTensor(shape, type, constantValues(binding, type, bytes)), shape: [...shape], dtype: type },
    ];
  }
  const attributes = Object.entries(node.attributes).map(([name, attribute]) => opAttribute(binding, name, attribute));
  const ids = inputs.map(({ id }) => id);
  return () => binding.executeOp(node.op, attributes, ids, outputCount(node));
}

function constantValues(binding: Binding, type: number, bytes: Uint8Array): ArrayBufferView {
  const buffer = bytes.slice().buffer;
  if (type === binding.TF_INT32) return new Int32Array(buffer);
  return type === binding.TF_FLOAT ? new Float32Array(buffer) : new Uint8Array(buffer);
}

/** Outputs of a node: as recorded, or as the engine's own nodes have it. */
export function outputCount({ op, results }: GraphNode): number {
  if (results !== undefined) return results.length;
  if (op === "Unique") return 2;
  return /^(Resource(Apply|SparseApply|Scatter)|Assign)/.test(op) ? 0 : 1;
}

function opAttribute(binding: Binding, name: string, attribute: Attribute): OpAttribute {
  const types = {
    type: binding.TF_ATTR_TYPE,
    shape: binding.TF_ATTR_SHAPE,
    bool: binding.TF_ATTR_BOOL,
    int: binding.TF_ATTR_INT,
    ints: binding.TF_ATTR_INT,
    float: binding.TF_ATTR_FLOAT,
    floats: binding.TF_ATTR_FLOAT,
    string: binding.TF_ATTR_STRING,
  };
  if (attribute.kind === "tensor") throw new Error(`runNodes: attribute ${name} is a tensor; only Const may have one`);
  return { name, type: types[attribute.kind], value: attribute.value as OpAttribute["value"] };
}
