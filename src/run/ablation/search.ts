import { didYouMean } from "../../config-schema.ts";
import type { DataConfig } from "../../data/config.ts";
import { ConfigError } from "../../errors.ts";
import { goodness, metricDefinition } from "../../eval/index.ts";
import { type RandomStream, randomStream } from "../../random.ts";
import { readRunConfig } from "../config/run-config.ts";
import type { AblationConfig } from "./ablation-config.ts";
import type { Settings } from "./controls.ts";
import { assignmentsOf, type PlannedRun, planRun } from "./plan.ts";
import type { SearchConfig } from "./search-config.ts";

/** A drawn candidate and what the validation part said of it. */
export interface Candidate {
  readonly name: string;
  readonly settings: Settings;
  /** One value a rung that it reached; null where its run failed or the metric is undefined. */
  readonly values: readonly (number | null)[];
  /** Epoch after which it was stopped; null where it is left. */
  readonly stoppedAfter: number | null;
}

/** Candidates and where they came to stand. */
export interface SearchResult {
  readonly metric: string;
  readonly rungs: readonly number[];
  /** Those that are left first, then the latest stopped, the better one first. */
  readonly candidates: readonly Candidate[];
}

/** Trains a candidate up to the end of an epoch and gives its value on the validation part. */
export type MeasureCandidate = (name: string, settings: Settings, epoch: number) => Promise<number | null>;

/**
 * The settings that a search begins with.
 *
 * @returns as many as asked for, in the order of the draw, no two equal; fewer where so many could not be found.
 */
export function drawCandidates({ space, candidates, seed }: SearchConfig): readonly Settings[] {
  const found = new Map<string, Settings>();
  for (let i = 0; i < DRAWS * candidates && found.size < candidates; i++) {
    const stream = randomStream(seed, "halving", i);
    const settings = Object.fromEntries(Object.entries(space).map(([path, values]) => [path, drawn(values, stream)]));
    const key = JSON.stringify(settings);
    if (!found.has(key)) found.set(key, settings);
  }
  return [...found.values()];
}

/** Draws for each candidate before a space counts as exhausted. */
const DRAWS = 50;

function drawn(values: SearchConfig["space"][string], stream: RandomStream): unknown {
  if (Array.isArray(values)) return values[stream.integer(values.length)];
  const { from, to, scale } = values;
  const at = stream.uniform();
  const value = scale === "log" ? from * (to / from) ** at : from + (to - from) * at;
  return Number(value.toPrecision(4));
}

/**
 * Successive halving: every candidate trains to the first rung, the better share goes on to the next, and so on.
 *
 * @returns the candidates with their values, the better ones first.
 * Source: Jamieson and Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter optimization", algorithm 1.
 */
export async function halve(
  settings: readonly Settings[],
  { rungs, keep, metric }: Pick<SearchConfig, "rungs" | "keep" | "metric">,
  measure: MeasureCandidate,
): Promise<SearchResult> {
  const { direction } = metricDefinition(metric);
  const worth = ({ values }: Candidate): number => {
    const last = values.at(-1);
    return last === null || last === undefined ? Number.NEGATIVE_INFINITY : goodness(last, direction);
  };
  let left: readonly Candidate[] = settings.map((own, i) => ({
    ...{ name: `candidate-${i + 1}`, settings: own, values: [], stoppedAfter: null },
  }));
  const stopped: Candidate[] = [];
  for (const epoch of rungs) {
    const measured = left.map(async (own) => {
      const value = await measure(own.name, own.settings, epoch);
      return { ...own, values: [...own.values, value] };
    });
    const ranked = (await Promise.all(measured)).toSorted((a, b) => Math.sign(worth(b) - worth(a)) || 0);
    const kept = Math.max(1, Math.ceil(ranked.length * keep));
    stopped.unshift(...ranked.slice(kept).map((own) => ({ ...own, stoppedAfter: epoch })));
    left = ranked.slice(0, kept);
  }
  return { metric, rungs, candidates: [...left, ...stopped] };
}

/**
 * What a search asks of the base: a validation part, and rungs at which it is measured, before the last epoch.
 *
 * @throws {ConfigError} one of these is missing, or a path of the space is not there (the nearest named).
 */
export function planSearch(baseFile: string, config: AblationConfig): readonly Settings[] {
  const search = config.search!;
  const { data, train, evaluate } = readRunConfig(baseFile, assignmentsOf(config.set)).config;
  if (!hasValidation(data))
    throw new ConfigError(
      "search: base must have a validation part, got none; a search must not look at the test part",
    );
  metricDefinition(search.metric);
  const last = search.rungs.at(-1)!;
  if (last >= train.epochs)
    throw new ConfigError(`search.rungs: must be below train.epochs ${train.epochs}, got ${last}`);
  const odd = search.rungs.find((rung) => rung % evaluate.every !== 0);
  if (odd !== undefined)
    throw new ConfigError(
      `search.rungs: must be epochs that are evaluated (evaluate.every: ${evaluate.every}), got ${odd}`,
    );
  const drawnSettings = drawCandidates(search);
  for (const [i, settings] of drawnSettings.entries()) candidateRun(baseFile, config, `candidate-${i + 1}`, settings);
  return drawnSettings;
}

/** The run of a candidate with one seed; the first seed's is the one that the search trains. */
export function candidateRun(
  baseFile: string,
  config: AblationConfig,
  name: string,
  settings: Settings,
  seed = config.seeds[0]!,
): PlannedRun {
  return planRun(baseFile, { name, kind: "search", settings }, { shared: config.set, seed });
}

function hasValidation({ split, source }: DataConfig): boolean {
  if (split === undefined) return typeof source === "object" && "validation" in source;
  if (split.by === "expression") return split.validation !== undefined;
  if (split.by === "ratio") return split.validation > 0;
  return split.cuts === undefined ? split.fractions!.validation > 0 : split.cuts.validation !== undefined;
}

/** The value of a metric in the n-th validation of a run's log. @throws {ConfigError} it is not among those measured. */
export function validationValue(
  records: readonly Readonly<Record<string, unknown>>[],
  metric: string,
  validation: number,
): number | null {
  const validations = records.filter((record) => Object.keys(record).some((key) => key.startsWith("val/")));
  // A run that patience ended has fewer.
  const found = validations[Math.min(validation, validations.length) - 1];
  if (found === undefined) return null;
  const value = found[`val/${metric}`];
  if (value === undefined) {
    const known = Object.keys(found).flatMap((key) => (key.startsWith("val/") ? [key.slice(4)] : []));
    throw new ConfigError(
      `search.metric: must be measured on the validation part, got "${metric}"${didYouMean(metric, known)}`,
    );
  }
  return typeof value === "number" ? value : null;
}
