import { didYouMean } from "../../config-schema.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { EncodedColumn } from "../../data/encode-column.ts";
import { ConfigError } from "../../errors.ts";
import { permutation, randomStream } from "../../random.ts";
import type { OpenedRun } from "../open-run.ts";
import { type EvaluatedPart, type Evaluation, evaluate } from "./evaluate.ts";

/** Metrics of a run with one column permuted. */
export interface PermutedEvaluation {
  readonly column: string;
  /** One evaluation a permutation. */
  readonly evaluations: readonly Evaluation[];
}

export interface PermuteOptions {
  readonly part: EvaluatedPart;
  readonly columns: readonly string[];
  /** Permutations of each column, >= 1. */
  readonly repeats: number;
  readonly seed: number;
}

/**
 * Permutation importance: measures a finished run again with the values of a feature column exchanged, one column at a
 * time. Its id stands for nothing then, and its share of the metrics is what they lose.
 *
 * @throws {ConfigError} a name is no feature column; the nearest named.
 * Source: Breiman (2001), "Random forests", section 10; Fisher, Rudin, Dominici (2019), JMLR 20(177).
 */
export async function permutedEvaluations(
  { program, dataset, config }: OpenedRun,
  { part, columns, repeats, seed }: PermuteOptions,
): Promise<readonly PermutedEvaluation[]> {
  const known = [...dataset.columns.keys()];
  const wrong = columns.find((column) => !known.includes(column));
  if (wrong !== undefined)
    throw new ConfigError(
      `permute: columns must be features (${known.join(", ")}), got "${wrong}"${didYouMean(wrong, known)}`,
    );
  const all: PermutedEvaluation[] = [];
  for (const column of columns) {
    const evaluations: Evaluation[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const permuted = permuteColumn(dataset, column, { part, seed, repeat });
      evaluations.push(await evaluate(program, permuted, config, part));
    }
    all.push({ column, evaluations });
  }
  return all;
}

/**
 * The dataset with a feature column's values exchanged among the rows of a part; for lists over the corpus also among
 * the items, and those of users and context come from their rows. Pair statistics read the exchanged values too.
 */
export function permuteColumn(
  dataset: Dataset,
  column: string,
  { part, seed, repeat }: { readonly part: EvaluatedPart; readonly seed: number; readonly repeat: number },
): Dataset {
  const stream = (what: string) => randomStream(seed, `permute ${what} ${column} ${repeat}`);
  const rows = dataset.parts[part]!;
  const order = permutation(rows.length, stream("rows")).map((place) => rows[place]!);
  const columns = new Map(dataset.columns).set(column, exchanged(dataset.columns.get(column)!, rows, order));
  const ofItems = dataset.items.features.get(column);
  if (ofItems === undefined) return { ...dataset, columns };
  const items = Int32Array.from({ length: dataset.items.size }, (_, item) => item);
  const features = new Map(dataset.items.features);
  features.set(column, exchanged(ofItems, items, permutation(items.length, stream("items"))));
  return { ...dataset, columns, items: { ...dataset.items, features } };
}

/** The column with the values of `from` at the places `to`. */
function exchanged({ data, width }: EncodedColumn, to: Int32Array, from: Int32Array): EncodedColumn {
  const values = data.slice();
  for (const [i, row] of to.entries())
    for (let place = 0; place < width; place++) values[row * width + place] = data[from[i]! * width + place]!;
  return { data: values, width };
}
