import { ConfigError } from "../errors.ts";
import type { Attribute, GraphNode } from "./graph.ts";
import { userFrame } from "./record.ts";

/** Nodes of one recording, and where in the user's code each came from. */
export interface TracedNodes {
  readonly nodes: readonly GraphNode[];
  readonly origins: ReadonlyMap<string, Error>;
}

/** @throws {ConfigError} the two recordings differ; names the first op that does and the line that called it. */
export function assertSame(entryName: string, first: TracedNodes, second: TracedNodes): void {
  const length = Math.max(first.nodes.length, second.nodes.length);
  for (let i = 0; i < length; i++) {
    const a = first.nodes[i];
    const b = second.nodes[i];
    if (a !== undefined && b !== undefined && sameNode(a, b)) continue;
    const node = a ?? b!;
    const user = consumer(first, node) ?? node;
    const origin = first.origins.get(user.name) ?? second.origins.get(user.name);
    const what = node.op === "Const" ? `a constant of ${user.op}` : node.op;
    throw new ConfigError(
      `capture of "${entryName}": a step must do the same on every call, got ${what} that differs between two` +
        `${origin ? userFrame(origin) : ""}; pass changing numbers as inputs, use noise for randomness, and tf.where for branches`,
    );
  }
}

function consumer({ nodes }: TracedNodes, node: GraphNode): GraphNode | undefined {
  return nodes.find(({ inputs }) => inputs.includes(node.name));
}

function sameNode(a: GraphNode, b: GraphNode): boolean {
  return (
    a.op === b.op &&
    a.name === b.name &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((input, i) => input === b.inputs[i]) &&
    Object.keys(a.attributes).length === Object.keys(b.attributes).length &&
    Object.entries(a.attributes).every(([name, attribute]) => sameAttribute(attribute, b.attributes[name]))
  );
}

function sameAttribute(a: Attribute, b: Attribute | undefined): boolean {
  if (a.kind === "tensor" && b?.kind === "tensor") {
    return a.type === b.type && String(a.shape) === String(b.shape) && Buffer.compare(a.bytes, b.bytes) === 0;
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
