import { assertSameLength, type Numbers } from "./argument-checks.ts";
import { aucOfCheckedRows, checkScoredRows } from "./auc.ts";

/** What a group counts for in the mean: 1, its rows, or its positive rows. */
export type GroupWeighting = "mean" | "samples" | "positives";

/** AUC inside groups (users, requests), averaged over the groups that have both classes. */
export interface Gauc {
  /** [0, 1]; null where no group has both classes. */
  readonly value: number | null;
  /** Groups that count. */
  readonly groups: number;
  /** Groups left out because all their rows have one label. */
  readonly skippedGroups: number;
  /** Rows of the groups left out. */
  readonly skippedRows: number;
}

/**
 * Grouped AUC: the AUC of each group, averaged by the stated weighting over the groups with both classes.
 *
 * @param scores - [N] finite. @param labels - [N] 0 or 1. @param groups - [N] any key of the row's group, in any order.
 * @param options.weighting - "samples" is the usual GAUC (impressions), "mean" counts every group alike.
 * @throws {ShapeError} lengths differ. @throws {DataError} a score or label out of its range.
 * Source: Zhou et al. (2018), "Deep Interest Network", metrics (impression-weighted AUC over users).
 */
export function gauc(
  scores: Numbers,
  labels: Numbers,
  groups: ArrayLike<number | string>,
  { weighting }: { readonly weighting: GroupWeighting },
): Gauc {
  assertSameLength("gauc", { scores, labels, groups });
  checkScoredRows("gauc", scores, labels, undefined);
  const totals = { sum: 0, weight: 0, groups: 0, skippedGroups: 0, skippedRows: 0 };
  for (const rows of rowsByGroup(groups)) {
    const groupLabels = rows.map((row) => labels[row]!);
    const groupScores = rows.map((row) => scores[row]!);
    const value = aucOfCheckedRows(groupScores, groupLabels);
    if (value === null) {
      totals.skippedGroups++;
      totals.skippedRows += rows.length;
      continue;
    }
    const weight = groupWeight(groupLabels, weighting);
    totals.sum += weight * value;
    totals.weight += weight;
    totals.groups++;
  }
  const { sum, weight, ...counts } = totals;
  return { value: weight > 0 ? sum / weight : null, ...counts };
}

function groupWeight(labels: readonly number[], weighting: GroupWeighting): number {
  if (weighting === "mean") return 1;
  return weighting === "samples" ? labels.length : labels.reduce((count, label) => count + label, 0);
}

function rowsByGroup(groups: ArrayLike<number | string>): Iterable<readonly number[]> {
  const rows = new Map<number | string, number[]>();
  for (let row = 0; row < groups.length; row++) {
    const held = rows.get(groups[row]!);
    if (held === undefined) rows.set(groups[row]!, [row]);
    else held.push(row);
  }
  return rows.values();
}
