import { ROUNDS } from "../random.ts";
import { captureEntry, KEYS } from "./capture.ts";
import { findEntry } from "./executor.ts";
import type { Binding, NativeEngine, OpAttribute, TensorMetadata } from "./native.ts";
import type { ParameterTree } from "./parameters.ts";
import { type NodeRun, runNodes } from "./run-nodes.ts";
import type { Entries, HostBatch, HostTensor } from "./step.ts";
import { handleOf } from "./variable-nodes.ts";
import { listVariables, type Variable } from "./variables.ts";

/** Cost of one op of a captured entry, run alone. */
export interface ProfiledOp {
  readonly name: string;
  readonly op: string;
  /** Shapes of its inputs. */
  readonly shapes: readonly (readonly number[])[];
  /** Flags that are set, as TensorFlow names them: `transpose_a`. */
  readonly flags: readonly string[];
  /** Median of the repeats, less what calling any op costs. */
  readonly milliseconds: number;
}

export interface EntryProfile {
  readonly ops: readonly ProfiledOp[];
  /** By op type, dearest first. */
  readonly types: readonly { readonly op: string; readonly count: number; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

export interface ProfileOptions {
  readonly batch: HostBatch;
  readonly inputs?: Readonly<Record<string, number>>;
  /** Times each op is run; default 5. */
  readonly repeats?: number;
}

/** Stands for rates and first values: no op's cost depends on them. */
const VALUE = 1e-3;

/**
 * Runs a captured entry op by op on variables of its own, each op several times and alone on the machine, and times it.
 * TensorFlow's own optimiser sees no graph here: what it would fuse or fold is counted as it was captured.
 *
 * @throws {ConfigError} the entry is unknown or cannot be captured, or an input is missing.
 */
export function profileEntry<P extends ParameterTree>(
  native: NativeEngine,
  tree: P,
  entries: Entries<P>,
  entryName: string,
  options: ProfileOptions,
): EntryProfile {
  const { batch, inputs = {}, repeats = 5 } = options;
  const { binding } = native.backend;
  const call = { batch, scalars: inputs, keys: new Float32Array(ROUNDS).fill(0.5) };
  const entry = captureEntry(native, tree, entryName, findEntry(entries, entryName), "profile", call);
  const variables = openVariables(binding, listVariables(tree, entries));
  const feeds = Object.entries(entry.feeds).map(([name, ref]) => {
    const value = name === KEYS ? { data: call.keys, shape: [ROUNDS] } : (batch[name] ?? scalar(inputs[name] ?? VALUE));
    return [ref, upload(binding, value)] as const;
  });
  const overhead = callOverhead(binding);
  const ops: ProfiledOp[] = [];
  try {
    runNodes(binding, entry.nodes, new Map([...feeds, ...variables.handles]), (run) => {
      if (run.node.op !== "Const") ops.push(profiledOp(run, repeats, overhead));
    });
  } finally {
    for (const [, { id }] of feeds) binding.deleteTensor(id);
    variables.close();
  }
  return { ops, types: byType(ops), milliseconds: total(ops) };
}

function scalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [] };
}

function upload(binding: Binding, { data, shape }: HostTensor): TensorMetadata {
  const dtype = data instanceof Int32Array ? binding.TF_INT32 : binding.TF_FLOAT;
  return { id: binding.createTensor(shape, dtype, data), shape: [...shape], dtype };
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1]!;
}

function timed(repeats: number, body: () => void): number {
  const times = Array.from({ length: repeats }, () => {
    const start = performance.now();
    body();
    return performance.now() - start;
  });
  return median(times);
}

function callOverhead(binding: Binding): number {
  const one = upload(binding, scalar(1));
  const attributes = [{ name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT }];
  const milliseconds = timed(101, () => {
    for (const { id } of binding.executeOp("Identity", attributes, [one.id], 1)) binding.deleteTensor(id);
  });
  binding.deleteTensor(one.id);
  return milliseconds;
}

function profiledOp({ node, inputs, again }: NodeRun, repeats: number, overhead: number): ProfiledOp {
  const flags = Object.entries(node.attributes).filter(([, flag]) => flag.kind === "bool" && flag.value);
  return {
    name: node.name,
    op: node.op,
    shapes: inputs.map(({ shape }) => shape),
    flags: flags.map(([name]) => name),
    milliseconds: Math.max(0, timed(repeats, again) - overhead),
  };
}

const total = (ops: readonly ProfiledOp[]): number => ops.reduce((sum, { milliseconds }) => sum + milliseconds, 0);

function byType(ops: readonly ProfiledOp[]): EntryProfile["types"] {
  const types = [...new Set(ops.map(({ op }) => op))].map((op) => {
    const members = ops.filter((candidate) => candidate.op === op);
    return { op, count: members.length, milliseconds: total(members) };
  });
  return types.sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Variables of TensorFlow's eager context, apart from those of any session. */
function openVariables(binding: Binding, variables: readonly Variable[]) {
  const type = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const text = (name: string, value: string): OpAttribute => ({ name, type: binding.TF_ATTR_STRING, value });
  const handles = variables.map(({ name, shape }) => {
    const shapeAttribute = { name: "shape", type: binding.TF_ATTR_SHAPE, value: shape };
    const names = [text("container", ""), text("shared_name", `profile/${name}`)];
    const [handle] = binding.executeOp("VarHandleOp", [...names, type("dtype"), shapeAttribute], [], 1);
    fill(binding, handle!.id, shape);
    return [handleOf(name), handle!] as const;
  });
  const ignoreMissing = { name: "ignore_lookup_error", type: binding.TF_ATTR_BOOL, value: true };
  return {
    handles,
    close: (): void => {
      for (const [, { id }] of handles) {
        binding.executeOp("DestroyResourceOp", [ignoreMissing], [id], 0);
        binding.deleteTensor(id);
      }
    },
  };
}

function fill(binding: Binding, handle: number, shape: readonly number[]): void {
  const size = upload(binding, { data: Int32Array.from(shape), shape: [shape.length] });
  const value = upload(binding, scalar(VALUE));
  const type = (name: string, of: number): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: of });
  const types = [type("T", binding.TF_FLOAT), type("index_type", binding.TF_INT32)];
  const [filled] = binding.executeOp("Fill", types, [size.id, value.id], 1);
  binding.executeOp("AssignVariableOp", [type("dtype", binding.TF_FLOAT)], [handle, filled!.id], 0);
  for (const { id } of [size, value, filled!]) binding.deleteTensor(id);
}
