import type { Dataset } from "../../data/dataset.ts";
import { hasItem, type Interactions, interactions } from "../../data/interactions.ts";
import { NO_ITEM } from "../../eval/index.ts";
import type { ItemLists } from "./score-pairs.ts";
import type { StageLabels } from "./stage-model.ts";

/** What training rows say about pairs of a user and an item. */
export interface Exposures {
  readonly exposed: Interactions;
  readonly click: Interactions;
  readonly conversion: Interactions;
  /** [items] exposures of each, as a share of the most exposed item's. */
  readonly propensity: Float32Array;
}

/** Collects the training rows' exposures; a pair has a label where one of its rows has it. */
export function collectExposures(dataset: Dataset, labels: StageLabels): Exposures {
  const { trainCount } = dataset.items;
  const most = trainCount.reduce((a, b) => Math.max(a, b), 1);
  return {
    exposed: interactions(dataset, "train"),
    click: interactions(dataset, "train", { label: labels.click }),
    conversion: interactions(dataset, "train", { label: labels.conversion }),
    propensity: Float32Array.from(trainCount, (count) => count / most),
  };
}

/** Exposure, labels and propensity of every place of some lists, each [R, length]; 0 in padding. */
export function labelLists(dataset: Dataset, exposures: Exposures, { rows, length, items }: ItemLists) {
  const make = (): Float32Array => new Float32Array(items.length);
  const values = { exposed: make(), click: make(), conversion: make(), propensity: make() };
  for (const [place, item] of items.entries()) {
    if (item === NO_ITEM) continue;
    const user = dataset.users.rowEntity[rows[Math.floor(place / length)]!]!;
    values.propensity[place] = exposures.propensity[item]!;
    if (!hasItem(exposures.exposed, user, item)) continue;
    values.exposed[place] = 1;
    values.click[place] = hasItem(exposures.click, user, item) ? 1 : 0;
    values.conversion[place] = hasItem(exposures.conversion, user, item) ? 1 : 0;
  }
  return values;
}
