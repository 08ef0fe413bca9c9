import type { AblationConfig } from "./ablation-config.ts";
import { type ExecutePlanOptions, executePlan } from "./execute-plan.ts";
import { measuredRows } from "./measured-rows.ts";
import { permuteRuns } from "./permuted-rows.ts";
import type { AblationPlan, NotMade } from "./plan.ts";
import { ablationResults, type VariantResult } from "./results.ts";
import type { SearchResult } from "./search.ts";
import { type SearchRunsOptions, searchRuns } from "./search-runs.ts";

export interface ExecuteAblationOptions
  extends Omit<ExecutePlanOptions, "metrics">,
    Pick<SearchRunsOptions, "onMeasured"> {
  /** Called after a base run was measured with its columns permuted. */
  readonly onPermuted?: (seed: number) => void;
}

/** What an ablation found. */
export interface AblationFindings {
  readonly results: readonly VariantResult[];
  readonly metrics: readonly string[];
  readonly notMade: readonly NotMade[];
  /** Only where there was a search. */
  readonly search?: SearchResult;
}

/**
 * Runs an ablation: the search, the plan's runs, the base with columns permuted, and the comparison of them all. What
 * is finished in the folder is kept, what was broken off is gone on with.
 *
 * @returns undefined where the signal stopped it.
 * @throws {ConfigError} no run has a metric that is asked for. @throws {DataError} a file is broken, or the disk refuses.
 */
export async function executeAblation(
  plan: AblationPlan,
  config: AblationConfig,
  { onMeasured, onPermuted, ...options }: ExecuteAblationOptions,
): Promise<AblationFindings | undefined> {
  const { metrics, resamples, features } = config;
  const found =
    config.search && (await searchRuns(plan.baseFile, config, { ...options, ...(onMeasured && { onMeasured }) }));
  const runs = [...plan.runs, ...(found?.runs ?? [])];
  const outcomes = await executePlan({ ...plan, runs }, { ...options, metrics });
  const base = outcomes.filter(({ run }) => run.isBase);
  const permuted = await permuteRuns(base, {
    ...options,
    columns: plan.permuted,
    repeats: features?.repeats ?? 1,
    seed: features?.seed ?? 1,
    ...(onPermuted && { onDone: onPermuted }),
  });
  if (options.signal?.aborted) return undefined;
  const rows = measuredRows({ outcomes, permuted, showsTeacher: plan.showsTeacher });
  const results = ablationResults(rows, metrics, { resamples });
  return { results, metrics, notMade: plan.notMade, ...(found && { search: found.search }) };
}
