import { ConfigError, nearestName } from "../errors.ts";
import type { RunConfig } from "./config/run-config.ts";
import type { Evaluation } from "./evaluation/evaluate.ts";

type Monitor = Pick<NonNullable<RunConfig["evaluate"]["monitor"]>, "metric" | "model">;

/**
 * The metric that picks the best checkpoint; null where it is undefined on these data.
 *
 * @throws {ConfigError} the evaluation has no such metric.
 */
export function monitoredValue(evaluation: Evaluation, { metric, model }: Monitor): number | null {
  const metrics = evaluation[model] ?? {};
  const value = metrics[metric];
  if (value !== undefined) return value;
  const known = Object.keys(metrics);
  const nearest = nearestName(metric, known);
  throw new ConfigError(
    `evaluate.monitor.metric: must be one of ${known.join(", ")}, got "${metric}"${nearest ? `; did you mean "${nearest}"?` : ""}`,
  );
}
