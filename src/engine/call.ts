import type { HostBatch } from "./step.ts";

/** What an entry is called with. */
export interface Call {
  readonly batch: HostBatch;
  readonly scalars: Readonly<Record<string, number>>;
  /** The step's noise keys, [ROUNDS] fractions. */
  readonly keys: Float32Array;
}
