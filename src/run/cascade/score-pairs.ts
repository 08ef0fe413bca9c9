import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import type { HostBatch, HostTensor } from "../../engine/step.ts";
import { NO_ITEM } from "../../eval/index.ts";
import { gatherColumn, pairValues } from "../evaluation/batches.ts";

/** Pairs of one forward call. */
const PAIRS = 8192;

/** Items for each of some rows: the row has the user's and the context's features. */
export interface ItemLists {
  /** [R] rows of the data. */
  readonly rows: Int32Array;
  readonly length: number;
  /** [R, length] item numbers; NO_ITEM where a list is shorter. */
  readonly items: Int32Array;
}

/** [R, length] ranking logits of a stage; -Infinity beside NO_ITEM. */
export function scoreLists(program: Program, dataset: Dataset, stage: string, lists: ItemLists): Float32Array {
  const { rows, length, items } = lists;
  const scores = new Float32Array(items.length).fill(Number.NEGATIVE_INFINITY);
  const real: number[] = [];
  for (const [place, item] of items.entries()) if (item !== NO_ITEM) real.push(place);
  for (let start = 0; start < real.length; start += PAIRS) {
    const places = real.slice(start, start + PAIRS);
    const pairRows = new Int32Array(PAIRS).fill(rows[0]!);
    const pairItems = new Int32Array(PAIRS);
    for (const [i, place] of places.entries()) {
      pairRows[i] = rows[Math.floor(place / length)]!;
      pairItems[i] = items[place]!;
    }
    const { data } = program.forward(`pairs/${stage}`, pairBatch(dataset, pairRows, pairItems)).logits!;
    for (const [i, place] of places.entries()) scores[place] = data[i]!;
  }
  return scores;
}

/** Features of rows side by side with items: all arrays [P]. */
function pairBatch(dataset: Dataset, rows: Int32Array, items: Int32Array): HostBatch {
  const shape = [rows.length];
  const batch: Record<string, HostTensor> = {};
  for (const spec of dataset.features) {
    const key = `${spec.role}/${spec.name}`;
    if (spec.role === "cross") batch[key] = pairValues(dataset, spec, { rows, items, own: false, shape });
    else if (spec.role === "item")
      batch[key] = gatherColumn(dataset.items.features.get(spec.name)!, spec, items, shape);
    else batch[key] = gatherColumn(dataset.columns.get(spec.name)!, spec, rows, shape);
  }
  return batch;
}
