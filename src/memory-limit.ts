// What is refused before it is begun because it cannot fit. An estimate counts what is certain, so it is a lower bound:
// where it is too much, the thing itself would be, too; where it is not, memory may still run out.
import { freemem, totalmem } from "node:os";

/** A part of what something keeps in memory. */
export interface MemoryShare {
  readonly name: string;
  readonly bytes: number;
}

export interface MemoryNeed {
  /** Who refuses: a setting or a file. */
  readonly where: string;
  readonly shares: readonly MemoryShare[];
  /** The way out, for the message. */
  readonly cure: string;
  /** Bytes that there can be. Default: `memoryLimit()`. */
  readonly limit?: number;
}

/** Bytes that this process can have at most: those of the machine, or those that its container gives it. */
export function memoryLimit(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
}

/** Bytes that this process can still take. */
export function memoryLeft(): number {
  return process.availableMemory?.() ?? freemem(); // from Node 20.13 on
}

/** Why something cannot fit: the estimate, its greatest parts, and what there is; undefined where it may fit. */
export function memoryProblem({ where, shares, cure, limit = memoryLimit() }: MemoryNeed): string | undefined {
  const bytes = shares.reduce((sum, share) => sum + share.bytes, 0);
  if (bytes <= limit) return undefined; // an estimate of NaN is none
  const greatest = shares.filter((share) => share.bytes > 0).sort((a, b) => b.bytes - a.bytes);
  const named = greatest.slice(0, NAMED).map((share) => `${share.name} ${inUnits(share.bytes)}`);
  const rest = greatest.length > NAMED ? [`${greatest.length - NAMED} more`] : [];
  return `${where}: memory must hold ${inUnits(bytes)} at least (${[...named, ...rest].join(", ")}), got ${inUnits(limit)} in all; ${cure}`;
}

/** Bytes of a tensor of float32. */
export function floatBytes(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 4);
}

/** The way out where a step does not fit. */
export const SMALLER_BATCH = "make the batch or its lists smaller, or use a machine with more memory";

/** What TensorFlow says of a tensor for which there is no memory, in words for a message; undefined for other errors. */
export function refusedTensor(error: unknown): string | undefined {
  if (!(error instanceof Error) || !/Invalid TF_Status: 8\b/.test(error.message)) return undefined; // RESOURCE_EXHAUSTED
  const shape = /tensor with shape\[([\d,]*)\]/.exec(error.message)?.[1];
  if (shape === undefined) return "none for another tensor";
  const sizes = shape === "" ? [] : shape.split(",").map(Number);
  return `none for a tensor of shape [${sizes.join(", ")}] (${inUnits(floatBytes(sizes))} of float32)`;
}

/** Parts that a message names. */
const NAMED = 4;
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

export function inUnits(bytes: number): string {
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}
