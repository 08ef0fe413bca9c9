import type { HostBatch } from "../../src/engine/step.ts";
import { randomStream } from "../../src/random.ts";
import { FIELDS } from "./joint-model.ts";

/** Batches that a contender goes round: enough that no cache holds all their rows. */
export const BATCHES = 8;

/** Random rows of a step: ids [B, FIELDS] below `rows`, clicks (30 %) and conversions (30 % of the clicks). */
export function stepBatches(batch: number, rows: number): readonly HostBatch[] {
  const random = randomStream(1, "bench", batch);
  return Array.from({ length: BATCHES }, () => {
    const click = Float32Array.from({ length: batch }, () => +(random.uniform() < 0.3));
    const ids = Int32Array.from({ length: batch * FIELDS }, () => 1 + random.integer(rows - 1));
    return {
      ids: { data: ids, shape: [batch, FIELDS] },
      click: { data: click, shape: [batch] },
      conversion: { data: click.map((y) => y * +(random.uniform() < 0.3)), shape: [batch] },
    };
  });
}
