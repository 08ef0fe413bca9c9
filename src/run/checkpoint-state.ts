import { z } from "zod";
import { DataError } from "../errors.ts";
import type { TrainState } from "./events.ts";

/** Version of a checkpoint's layout. */
export const CHECKPOINT_FORMAT = 1;

/** What a checkpoint keeps beside its tensors: state.json. */
export interface StateFile {
  readonly format: number;
  readonly state: TrainState;
  /** Steps done by slots name. */
  readonly counts: Readonly<Record<string, number>>;
  readonly dataFingerprint: string;
}

const count = z.int().min(0);
const value = z.number().nullable();
const numbers = z.record(z.string(), z.number());
const stateFile = z.object({
  format: z.literal(CHECKPOINT_FORMAT),
  state: z.object({
    step: count,
    epoch: count,
    index: count,
    best: value,
    sinceBest: count,
    stage: z
      .object({
        index: count,
        steps: count,
        epochs: count,
        best: value,
        sinceBest: count,
        lossSum: z.number(),
        lossBefore: value,
      })
      .optional(),
    balance: z.object({ factors: numbers, firstLosses: numbers }).optional(),
  }),
  counts: z.record(z.string(), count),
  dataFingerprint: z.string(),
});

/**
 * Checks what was read of a checkpoint's state.json.
 *
 * @throws {DataError} another format, or a field that is missing or wrong (named).
 */
export function checkedState(path: string, stored: unknown): StateFile {
  const format = (stored as { readonly format?: unknown } | null)?.format;
  if (format !== CHECKPOINT_FORMAT)
    throw new DataError(`${path}: checkpoint must have format ${CHECKPOINT_FORMAT}, got ${String(format)}`);
  const result = stateFile.safeParse(stored);
  if (result.success) return stored as StateFile;
  const [issue] = result.error.issues;
  throw new DataError(
    `${path}: ${issue!.path.join(".")} of the checkpoint's state must be what its writer wrote, got: ${issue!.message}`,
  );
}
