import { didYouMean } from "../../config-schema.ts";
import { ConfigError } from "../../errors.ts";
import { RANKING_FAMILIES } from "../../eval/index.ts";
import { ASKED_METRICS, askedMetric } from "../config/asked-metrics.ts";
import type { RunConfig } from "../config/run-config.ts";

/** Every test metric that a run of the configuration gives, as `student/recall@10`. */
export function metricNames({ teacher, frozen, student, evaluate }: RunConfig): readonly string[] {
  const models = [...(teacher || frozen ? ["teacher"] : []), ...(student ? ["student"] : [])];
  const prefixes =
    evaluate.relevant === undefined ? [] : ["", ...Object.keys(evaluate.alsoRelevant).map((name) => `${name}/`)];
  const ranked = prefixes.flatMap((prefix) =>
    evaluate.ks.flatMap((k) => RANKING_FAMILIES.map((family) => `${prefix}${family}@${k}`)),
  );
  const rows = ["auc", "gauc", "logloss"];
  const asked = evaluate.metrics.map(askedMetric);
  const byHead = asked.filter(({ plain }) => ASKED_METRICS[plain] === "rows" && plain !== "opa");
  const plain = asked.filter((metric) => !byHead.includes(metric));
  const ofBoth = ({ plain: name }: (typeof asked)[number]): boolean => ASKED_METRICS[name] === "both models";
  const heads = ["ctr", "ctcvr"].flatMap((head) =>
    [...rows, ...byHead.map(({ name }) => name)].map((name) => `${head}/${name}`),
  );
  return models.flatMap((model) => {
    const own = plain.filter((metric) => model === "student" || !ofBoth(metric)).map(({ name }) => name);
    return [...heads, ...ranked, ...own].map((name) => `${model}/${name}`);
  });
}

/** @throws {ConfigError} a column of the table is no metric of the base's runs; the nearest named. */
export function assertMetrics(metrics: readonly string[], base: RunConfig): void {
  const known = metricNames(base);
  const wrong = metrics.find((metric) => !known.includes(metric));
  if (wrong === undefined) return;
  const cure = "evaluate.ks and evaluate.metrics of the base say what is measured";
  throw new ConfigError(
    `metrics: must name metrics of the base's runs, got "${wrong}"; ${cure}${didYouMean(wrong, known)}`,
  );
}
