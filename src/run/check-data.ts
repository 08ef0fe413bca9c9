import { didYouMean } from "../config-schema.ts";
import type { Dataset } from "../data/dataset.ts";
import type { OwnLosses } from "../distill/terms/own-loss.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { RunConfig } from "./config/run-config.ts";

/**
 * What a configuration asks of the data beyond their schema, before anything is trained.
 *
 * @throws {ConfigError} a memory bank of more places than training rows, or a stage that waits for a validation part that
 *   is not there. @throws {DataError} a column of teacher scores or ranks that cannot be learned from.
 */
export function checkAgainstData(config: RunConfig, dataset: Dataset): void {
  const { train } = dataset.parts;
  const bank = config.inBatch?.bank;
  if (bank !== undefined && bank.size > train.length)
    throw new ConfigError(
      `inBatch.bank.size: bank must hold at most one pass over the data, got ${bank.size} places for ${train.length} training rows`,
    );
  const waiting = config.train.stages?.find(({ until }) => until?.kind === "plateau");
  if (waiting !== undefined && dataset.parts.validation === undefined)
    throw new ConfigError(
      `train.stages: stage "${waiting.name}" must have a validation part to measure its plateau on, got none; ` +
        "split one off, or end the stage by loss-plateau, steps or epochs",
    );
  for (const { name, head } of config.distill)
    if (typeof head === "object" && "column" in head) checkColumn(name, head, dataset);
}

/** @throws {ConfigError} a term names a loss that the calling program has not given. */
export function checkOwnLosses({ distill }: Pick<RunConfig, "distill">, losses: OwnLosses = {}): void {
  const names = Object.keys(losses);
  for (const term of distill)
    if (term.kind === "own" && !names.includes(term.loss))
      throw new ConfigError(
        `distill "${term.name}": loss must be among those that the program gives to executeRun (${names.join(", ") || "none"}), got "${term.loss}"${didYouMean(term.loss, names)}`,
      );
}

function checkColumn(
  term: string,
  { column, holds }: { readonly column: string; readonly holds: "logits" | "probabilities" | "ranks" },
  dataset: Dataset,
): void {
  const { teacherScores, parts } = dataset;
  const scores = teacherScores.get(column)!;
  const rules = {
    logits: ["finite numbers", Number.isFinite],
    probabilities: ["probabilities in [0, 1]", (x: number) => x >= 0 && x <= 1],
    ranks: ["whole numbers >= 1", (x: number) => Number.isInteger(x) && x >= 1],
  } as const;
  const [what, isRight] = rules[holds];
  const bad = parts.train.find((row) => !isRight(scores[row]!));
  if (bad !== undefined)
    throw new DataError(
      `distill "${term}": column "${column}" must hold ${what} in every training row, got ${scores[bad]} in row ${bad}`,
    );
  if (holds === "ranks") checkRanks(term, column, dataset);
}

/** Two items of a list (or, without a group column, of a user) cannot have one rank. */
function checkRanks(term: string, column: string, { teacherScores, parts, group, users, items }: Dataset): void {
  const ranks = teacherScores.get(column)!;
  const list = group ?? users.rowEntity;
  const rowOf = new Map<string, number>();
  for (const row of parts.train) {
    const key = `${list[row]} ${ranks[row]}`;
    const other = rowOf.get(key) ?? row;
    rowOf.set(key, other);
    if (items.rowEntity[other] !== items.rowEntity[row])
      throw new DataError(
        `distill "${term}": column "${column}" must give each item of a ${group === undefined ? "user" : "group"} a rank of its own, got rank ${ranks[row]} in rows ${other} and ${row}`,
      );
  }
}
