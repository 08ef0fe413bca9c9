import { ConfigError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { HostBatch, HostTensor } from "./step.ts";
import type { Variable } from "./variables.ts";

/** Runs a program's entries and holds its variables. */
export interface Executor {
  readonly kind: "eager" | "replay";
  readonly variables: readonly Variable[];
  /** Results by name; of a training entry: `loss`, `part/<name>`, `gradientNorm/<group>` as scalars. */
  readonly run: (entry: string, call: Call) => Readonly<Record<string, HostTensor>>;
  readonly read: (variable: Variable, from: number, to: number) => Float32Array;
  readonly write: (variable: Variable, from: number, values: Float32Array) => void;
  /** Graphs captured so far. Empty for the eager executor. */
  readonly captures: readonly CaptureReport[];
  readonly close: () => void;
}

export interface CaptureReport {
  readonly entry: string;
  readonly shapes: string;
  readonly ops: number;
  readonly nodes: number;
  /** Most bytes that its tensors had at one time while it was captured. */
  readonly bytes: number;
  readonly milliseconds: number;
}

/** Most shapes that one entry may hold. */
export const MAX_SHAPES = 8;

/** The shapes of a batch as one string: equal strings replay the same graph. */
export function shapeSignature(batch: HostBatch): string {
  return Object.entries(batch)
    .map(([name, { data, shape }]) => `${name}:${data instanceof Int32Array ? "i" : "f"}[${shape}]`)
    .sort()
    .join(" ");
}

/** @throws {ConfigError} no entry of this name. */
export function findEntry<E>(entries: Readonly<Record<string, E>>, name: string): E {
  const entry = entries[name];
  if (entry === undefined) {
    throw new ConfigError(`program: entry must be one of ${Object.keys(entries).join(", ")}, got "${name}"`);
  }
  return entry;
}
