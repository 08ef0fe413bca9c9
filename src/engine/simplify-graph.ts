import {
  boolAttribute,
  DataType,
  FLOAT,
  type GraphNode,
  type GraphWriter,
  graphWriter,
  INT32,
  type Ref,
  stringAttribute,
  type TensorType,
} from "./graph.ts";

type Nodes = ReadonlyMap<string, GraphNode>;

/**
 * Replaces what tfjs writes by cheaper TensorFlow ops with the same results up to float32 rounding. A node that is
 * replaced keeps its name.
 */
export function simplifyGraph(nodes: readonly GraphNode[], scope: string): readonly GraphNode[] {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const made: GraphNode[] = [];
  const graph = graphWriter(made, `${scope}/simplified`);
  const simplified = nodes.map((node) => biasGradient(node, byName) ?? transposedProduct(node, byName, graph) ?? node);
  return [...simplified, ...made];
}

/** Sum over all axes but the last: BiasAddGrad is 3 to 8 times faster (0.10 against 0.81 ms for [1024, 2048]). */
function biasGradient(node: GraphNode, nodes: Nodes): GraphNode | undefined {
  if (node.op !== "Sum" || isTrue(node, "keep_dims")) return undefined;
  const [x, axes] = node.inputs as [Ref, Ref];
  const shape = floatShape(x, nodes);
  if (shape === undefined || shape.length < 2 || shape.at(-1)! < 2) return undefined;
  const leading = shape.slice(0, -1).map((_, axis) => axis);
  if (String(constantInts(nodes.get(axes))) !== String(leading)) return undefined;
  return { ...node, op: "BiasAddGrad", inputs: [x], attributes: { T: FLOAT, data_format: stringAttribute("NHWC") } };
}

/** From which length of W's rows on, and how much longer than their number, transposing W first pays. */
const LONG_ROW = 1024;
const LONG_RATIO = 4;

/**
 * A product with W^T where W has few and long rows: the library packs such a W slowly (1.52 against 0.67 ms for
 * [256, 2048] times [192, 2048]^T), so it is transposed before.
 */
function transposedProduct(node: GraphNode, nodes: Nodes, graph: GraphWriter): GraphNode | undefined {
  if (node.op !== "MatMul" || !isTrue(node, "transpose_b") || isTrue(node, "transpose_a")) return undefined;
  const [a, b] = node.inputs as [Ref, Ref];
  const [rows, length] = (floatShape(b, nodes) ?? [0, 0]) as [number, number];
  if (length < LONG_ROW || length < LONG_RATIO * rows) return undefined;
  // As a stack of one matrix: TensorFlow would fold a plain transposition back into the product.
  const stacked = reshape(graph, b, [1, rows, length]);
  const order = graph.constant(DataType.int32, [3], new Uint8Array(Int32Array.of(0, 2, 1).buffer));
  const transposed = graph.add("Transpose", [stacked, order], { T: FLOAT, Tperm: INT32 });
  const inputs = [a, reshape(graph, transposed, [length, rows])];
  return { ...node, inputs, attributes: { ...node.attributes, transpose_b: boolAttribute(false) } };
}

function reshape(graph: GraphWriter, x: Ref, shape: readonly number[]): Ref {
  const target = graph.constant(DataType.int32, [shape.length], new Uint8Array(Int32Array.from(shape).buffer));
  return graph.add("Reshape", [x, target], { T: FLOAT, Tshape: INT32 });
}

function isTrue({ attributes }: GraphNode, flag: string): boolean {
  const attribute = attributes[flag];
  return attribute?.kind === "bool" && attribute.value;
}

function floatShape(ref: Ref, nodes: Nodes): readonly number[] | undefined {
  const [name, output = "0"] = ref.split(":") as [string, string?];
  const type: TensorType | undefined = nodes.get(name)?.results?.[Number(output)];
  return type?.dtype === DataType.float ? type.shape : undefined;
}

function constantInts(node: GraphNode | undefined): Int32Array | undefined {
  const value = node?.attributes.value;
  if (node?.op !== "Const" || value?.kind !== "tensor" || value.type !== DataType.int32) return undefined;
  return new Int32Array(value.bytes.slice().buffer);
}
