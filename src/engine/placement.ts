import { DataType, type GraphNode } from "./graph.ts";

const HOST = "/device:CPU:0";

/** Ops that TensorFlow only has on the host, or that are there by nature. */
const HOST_OPS = new Set(["Unique", "Size", "Shape", "Range"]);

/**
 * Device strings for a machine with a GPU: nodes of int32 (ids, shapes, axes, comparisons of ids) go to the host, where
 * TensorFlow keeps such tensors anyway; everything else is left to the placer, which takes the GPU.
 */
export function placeNodes(nodes: readonly GraphNode[]): readonly GraphNode[] {
  return nodes.map((node) => (isHostNode(node) ? { ...node, device: HOST } : node));
}

function isHostNode({ op, attributes }: GraphNode): boolean {
  const type = attributes.dtype ?? attributes.DstT ?? attributes.out_type ?? attributes.T;
  return HOST_OPS.has(op) || (type?.kind === "type" && type.value === DataType.int32);
}
