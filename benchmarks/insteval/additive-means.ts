import type { Dataset } from "../../src/data/dataset.ts";
import { auc } from "../../src/eval/auc.ts";

/** Rows of prior weight that pull a mean towards the overall one. */
const SHRINK = 5;

/**
 * AUC on the test part of the shrunk mean rating of the row's user plus that of its item, both from training rows: the
 * baseline without any model.
 */
export function additiveMeansAuc(dataset: Dataset, column: string, label: string): number | null {
  const values = dataset.numbers.get(column)!;
  const { train, test } = dataset.parts;
  const overall = train.reduce((sum, row) => sum + values[row]!, 0) / train.length;
  const offsets = (entityOf: Int32Array, size: number): Float64Array => {
    const sums = new Float64Array(size);
    const counts = new Float64Array(size);
    for (const row of train) {
      sums[entityOf[row]!]! += values[row]! - overall;
      counts[entityOf[row]!]! += 1;
    }
    return sums.map((sum, entity) => sum / (counts[entity]! + SHRINK));
  };
  const users = offsets(dataset.users.rowEntity, dataset.users.size);
  const items = offsets(dataset.items.rowEntity, dataset.items.size);
  const scores = Float64Array.from(
    test!,
    (row) => users[dataset.users.rowEntity[row]!]! + items[dataset.items.rowEntity[row]!]!,
  );
  const labels = Float64Array.from(test!, (row) => dataset.labels.get(label)![row]!);
  return auc(scores, labels);
}
