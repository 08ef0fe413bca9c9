import { DataType, type GraphNode } from "./graph.ts";

const HOST = "/device:CPU:0";

/** Ops that TensorFlow only has on the host, or that are there by nature. */
const HOST_OPS = new Set(["Unique", "Size", "Shape", "Range"]);

/**
 * Device strings for a machine with a GPU: nodes whose result is int32 (ids, shapes, axes) go to the host, where
 * TensorFlow keeps such tensors anyway; everything else is left to the placer, which takes the GPU.
 */
export function placeNodes(nodes: readonly GraphNode[]): readonly GraphNode[] {
  return nodes.map((node) => (isHostNode(node) ? { ...node, device: HOST } : node));
}

function isHostNode({ op, attributes }: GraphNode): boolean {
  if (HOST_OPS.has(op)) return true;
  const type = attributes.dtype ?? attributes.DstT ?? attributes.T;
  const integer = type?.kind === "type" && type.value === DataType.int32;
  return integer && (op === "Const" || op === "Placeholder" || op === "Reshape" || op === "Cast" || op === "ConcatV2");
}
