import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import type { HostBatch, HostTensor } from "../../engine/step.ts";
import { entityBatch, padRows, pairValues, repeatRows, rowBatches } from "./batches.ts";

/** Rows of one teacher call over user-item lists. */
const LIST_ROWS = 16_384;

/** Which items the teacher scores for which users. */
export interface TeacherLists {
  /** [U] row of each user: features and context are the row's. */
  readonly rows: Int32Array;
  /** Items a user. */
  readonly length: number;
  readonly itemAt: (user: number, place: number) => number;
}

/** Scores of some users. */
export interface ScoreBlock {
  readonly start: number;
  readonly count: number;
  /** [count, length] logits of pCTCVR. */
  readonly scores: Float32Array;
}

/** The teacher's logits of each user with its list of items, users in rising order, a block at a time. */
export function* teacherScoreBlocks(program: Program, dataset: Dataset, lists: TeacherLists): Generator<ScoreBlock> {
  const { rows, length, itemAt } = lists;
  const size = Math.max(1, Math.floor(LIST_ROWS / length));
  for (let start = 0; start < rows.length; start += size) {
    const count = Math.min(size, rows.length - start);
    const block = padRows(rows.subarray(start, start + count), size);
    const items = Int32Array.from({ length: size * length }, (_, i) => {
      const user = start + Math.min(count - 1, Math.floor(i / length));
      return itemAt(user, i % length);
    });
    const scores = program.forward("teacherLists", itemListBatch(dataset, block, items, length)).ctcvr!
      .data as Float32Array;
    yield { start, count, scores: scores.subarray(0, count * length) };
  }
}

/**
 * Features of lists of items: user/* [B], item/*, context/* and cross/* [B, N].
 *
 * @param itemFeatures - those of the items, where they are at hand.
 */
export function itemListBatch(
  dataset: Dataset,
  rows: Int32Array,
  items: Int32Array,
  length: number,
  itemFeatures?: HostBatch,
): HostBatch {
  const shape = [rows.length, length];
  const { batch } = rowBatches(dataset, rows, rows.length).next().value as { batch: HostBatch };
  const lists: Record<string, HostTensor> = { ...(itemFeatures ?? entityBatch(dataset, "item", items, shape)) };
  for (const [name, array] of Object.entries(batch)) {
    if (name.startsWith("user/")) lists[name] = array;
    if (name.startsWith("context/")) lists[name] = repeatRows(array, length);
  }
  const rowOf = Int32Array.from(items, (_, i) => rows[Math.floor(i / length)]!);
  for (const spec of dataset.features.filter(({ role }) => role === "cross")) {
    lists[`cross/${spec.name}`] = pairValues(dataset, spec, { rows: rowOf, items, own: false, shape });
  }
  return lists;
}
