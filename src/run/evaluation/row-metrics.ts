import { auc, gauc, loglossFromLogits } from "../../eval/index.ts";
import { takeRows } from "./batches.ts";
import { type Measurement, type ModelName, scoreName } from "./measurement.ts";

/**
 * AUC, GAUC and logloss of both heads on exposed rows.
 *
 * @param places - of the measured rows, where not all of them count.
 */
export function exposedMetrics(
  { dataset, config, rows, scores }: Measurement,
  model: ModelName,
  places?: Int32Array,
): Readonly<Record<string, number | null>> {
  const own = places === undefined ? rows : places.map((place) => rows[place]!);
  const users = own.map((row) => dataset.users.rowEntity[row]!);
  const heads = (["ctr", "ctcvr"] as const).flatMap((head) => {
    const labels = takeRows(dataset.labels.get(config.evaluate.labels[head])!, own);
    const all = scores()[scoreName(model, head)]!;
    const logits = places === undefined ? all : takeRows(all, places);
    return [
      [`${head}/auc`, auc(logits, labels)],
      [`${head}/gauc`, gauc(logits, labels, users, { weighting: "samples" }).value],
      [`${head}/logloss`, loglossFromLogits(logits, labels)],
    ] as const;
  });
  return Object.fromEntries(heads);
}
