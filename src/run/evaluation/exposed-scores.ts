import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import { rowBatches, SCORE_ROWS } from "./batches.ts";

/**
 * Logits of every score of the run's models on some rows: `student`, `teacher/ctr`, `teacher/ctcvr`.
 *
 * @returns [rows.length] by score.
 */
export function exposedScores(
  program: Program,
  dataset: Dataset,
  rows: Int32Array,
): Readonly<Record<string, Float32Array>> {
  const scores: Record<string, Float32Array> = {};
  for (const { batch, start, count } of rowBatches(dataset, rows, SCORE_ROWS)) {
    for (const [name, { data }] of Object.entries(program.forward("score", batch))) {
      scores[name] ??= new Float32Array(rows.length);
      scores[name].set((data as Float32Array).subarray(0, count), start);
    }
  }
  return scores;
}
