import { BANK_GROUP } from "../distill/negatives/memory-bank.ts";
import { scheduleValue } from "../distill/schedule.ts";
import type { Optimiser } from "../engine/optimisers/index.ts";
import type { Rates } from "../engine/program.ts";
import type { RunConfig } from "./config/run-config.ts";
import { isLearned } from "./config/schedule-config.ts";
import type { OptimiserConfig } from "./config/train-config.ts";

/** Group of what loss terms learn. */
export const TERMS_GROUP = "terms";

const PLAIN: Optimiser = { dense: { kind: "sgd" }, table: { kind: "sgd" } };

/** Optimiser of each group: the models', the terms', and the memory bank's, which plain descent writes. */
export function optimisersOf(config: RunConfig): Readonly<Record<string, Optimiser>> {
  const groups = fromGroups(config, optimiserOf);
  return config.inBatch?.bank === undefined ? groups : { ...groups, [BANK_GROUP]: PLAIN };
}

/** The optimiser that a configuration's block describes. */
export function optimiserOf({ dense, table, clipNorm, l2 }: OptimiserConfig): Optimiser {
  return { dense, table, l2, ...(clipNorm !== undefined && { clipNorm }) };
}

/** Learning rates of each group after so many steps. */
export function ratesOf(config: RunConfig, step: number): Readonly<Record<string, Rates>> {
  const groups = fromGroups(config, ({ rate, tableRate = rate }) => ({
    dense: scheduleValue(rate, step),
    table: scheduleValue(tableRate, step),
  }));
  return config.inBatch?.bank === undefined ? groups : { ...groups, [BANK_GROUP]: { dense: 1 } };
}

/** No norm reaches it: clipping by it measures the norm and changes nothing. */
const NEVER_CLIPPED = 1e30;

/** Optimisers of the entry that measures the student's gradients: with rate 0 they move nothing. */
export const diagnosisOptimisers: Readonly<Record<string, Optimiser>> = {
  student: { ...PLAIN, clipNorm: NEVER_CLIPPED },
};

/** True where the run measures the gradients of the student's terms. */
export function needsDiagnosis({ student, train }: RunConfig): boolean {
  return student !== undefined && (train.diagnose !== undefined || train.balance !== undefined);
}

function fromGroups<T>(config: RunConfig, map: (optimiser: OptimiserConfig) => T): Record<string, T> {
  const { teacher, student } = config.train;
  const terms = config.train.terms ?? (student && { ...student, l2: 0, clipNorm: undefined });
  const groups = { teacher, student, ...(learns(config) && { [TERMS_GROUP]: terms }) };
  return Object.fromEntries(
    Object.entries(groups).flatMap(([group, optimiser]) =>
      optimiser === undefined ? [] : [[group, map(optimiser)] as const],
    ),
  );
}

/** True where some term has parameters of its own. */
function learns({ student, distill }: RunConfig): boolean {
  const ofTerms = distill.some(
    (term) =>
      term.scaleStudent ||
      term.kind === "adaptive-ranking" ||
      term.kind === "distillation-experts" ||
      ("project" in term && term.project),
  );
  return ofTerms || [...(student?.losses ?? []), ...distill].some(({ weight }) => isLearned(weight));
}
