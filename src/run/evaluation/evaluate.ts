import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import { rankingMetrics } from "../../eval/index.ts";
import { askedDepth } from "../config/asked-metrics.ts";
import type { RunConfig } from "../config/run-config.ts";
import { askedMetrics } from "./asked-metrics.ts";
import { type EvaluatedPart, type Measurement, type ModelName, measurementOf } from "./measurement.ts";
import { exposedMetrics } from "./row-metrics.ts";
import { type SliceResult, sliceResults } from "./slices.ts";
import { joinUsers, type UserMetrics } from "./user-metrics.ts";

export type { EvaluatedPart } from "./measurement.ts";

/** Metric values of one model: null where undefined (one class, no relevant item). */
export type Metrics = Readonly<Record<string, number | null>>;

/** Metrics by model: `teacher`, `student`. */
export type Evaluation = Readonly<Record<string, Metrics>>;

/** Metrics of a run's models, and of each user those that are means over users. */
export interface Measured {
  readonly evaluation: Evaluation;
  readonly users: UserMetrics;
  /** Of `evaluate.slices`, where they were asked for. */
  readonly slices: readonly SliceResult[];
}

/**
 * Quality of the run's models on a part: AUC and its kin over its exposed rows, and recall and its kin over the whole
 * corpus for users that have training rows, with the items of their rows before the part left out; and what
 * `evaluate.metrics` asks for.
 *
 * `ctr/*` is measured against the label `evaluate.labels.ctr` and `ctcvr/*` against `evaluate.labels.ctcvr`, whatever
 * the models were trained on; a student has one score for both. `gauc` is by user, weighted by rows.
 */
export async function evaluate(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  part: EvaluatedPart,
): Promise<Evaluation> {
  return (await measure(program, dataset, config, part)).evaluation;
}

/** As `evaluate`, with the values of each user that the ranking metrics are means of, and the slices. */
export async function measure(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  part: EvaluatedPart,
  { withSlices = false }: { readonly withSlices?: boolean } = {},
): Promise<Measured> {
  const depth = Math.max(Math.min(Math.max(...config.evaluate.ks), dataset.items.size), askedDepth(config.evaluate));
  const measurement = measurementOf(program, dataset, config, { part, depth });
  const models: [ModelName, Metrics][] = [];
  const users: UserMetrics[] = [];
  for (const model of measurement.models) {
    const ranked = config.evaluate.relevant === undefined ? undefined : await rankingOf(measurement, model);
    if (ranked !== undefined) users.push(ranked.users);
    const asked = await askedMetrics(measurement, model);
    models.push([model, { ...exposedMetrics(measurement, model), ...ranked?.means, ...asked }]);
  }
  const slices = withSlices ? await sliceResults(measurement) : [];
  return { evaluation: Object.fromEntries(models), users: joinUsers(users), slices };
}

/** Recall and its kin for each label that makes items relevant. */
async function rankingOf(
  measurement: Measurement,
  model: ModelName,
): Promise<{ readonly means: Metrics; readonly users: UserMetrics }> {
  const { config, dataset, users, relevant, lists } = measurement;
  const ks = config.evaluate.ks.filter((k) => k <= dataset.items.size);
  const own = await lists(model, "masked");
  const parts = Object.entries({ "": config.evaluate.relevant!, ...config.evaluate.alsoRelevant }).map(
    ([prefix, label]) => {
      const named = (name: string): string => (prefix === "" ? name : `${prefix}/${name}`);
      const found = rankingMetrics(own, relevant(label), { ks });
      const perUser = Object.entries(found.perUser).map(
        ([name, values]) => [`${model}/${named(name)}`, values] as const,
      );
      return {
        means: Object.entries(found.means).map(([name, value]) => [named(name), value] as const),
        users: { users: found.users.map((place) => users().numbers[place]!), values: Object.fromEntries(perUser) },
      };
    },
  );
  return {
    means: Object.fromEntries(parts.flatMap(({ means }) => means)),
    users: joinUsers(parts.map((part) => part.users)),
  };
}
