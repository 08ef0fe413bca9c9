// B = pairs, U = users, N = items of each
import type { Dataset } from "../../data/dataset.ts";
import { frequencySampler } from "../../data/item-sampler.ts";
import type { HostBatch, HostTensor } from "../../engine/step.ts";
import { ConfigError, nearestName } from "../../errors.ts";
import type { ScoreConfig } from "../config/score-config.ts";
import { entityBatch, padRows, pairValues, rowBatches, SCORE_ROWS } from "../evaluation/batches.ts";
import { itemListBatch } from "../evaluation/teacher-scores.ts";
import type { OpenedTeacher } from "./open-teacher.ts";

/** A stored head: the teacher's head that it comes from, and what is added to it. */
export interface StoredHead {
  readonly name: string;
  readonly from: string;
  readonly addLogQ: boolean;
}

/** Scores by head. */
export type HeadScores = Readonly<Record<string, Float32Array>>;

/** A teacher over a dataset that it encodes. */
export interface Scorer {
  readonly heads: readonly StoredHead[];
  /** [B] scores of rows, each with its own item, or with the given items of the catalogue in its place. */
  readonly pairs: (rows: Int32Array, items?: Int32Array) => HeadScores;
  /** Scores of the rows' users, in the rows' contexts, with every item: [count * corpus] for some rows at a time. */
  readonly everyItem: (
    rows: Int32Array,
  ) => Iterable<{ readonly start: number; readonly count: number; readonly scores: HeadScores }>;
}

/** The part of a dataset that its rows are scored with. */
export type ScorableRows = Parameters<typeof rowBatches>[0];

/** Pairs of one call over lists. */
const LIST_PAIRS = 16_384;

/**
 * The heads that a configuration stores.
 *
 * @throws {ConfigError} a head is named twice, or the teacher has none of that name.
 */
export function storedHeads({ heads }: Pick<ScoreConfig, "heads">, known: readonly string[]): readonly StoredHead[] {
  const stored = (heads ?? known).map((head) =>
    typeof head === "string" ? { name: head, from: head, addLogQ: false } : head,
  );
  const names = stored.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ConfigError(`score.heads: names must differ, got "${twice}" twice`);
  for (const { from } of stored) {
    if (known.includes(from)) continue;
    const nearest = nearestName(from, known);
    throw new ConfigError(
      `score.heads: must be among the teacher's heads ${known.join(", ")}, got "${from}"${nearest ? `; did you mean "${nearest}"?` : ""}`,
    );
  }
  return stored;
}

/** [rows] scores of the rows with their own items, by the teacher's heads. */
export function scoreRows(
  { program }: Pick<OpenedTeacher, "program">,
  data: ScorableRows,
  { rows, heads }: { readonly rows: Int32Array; readonly heads: readonly StoredHead[] },
): HeadScores {
  const all = emptyScores(heads, rows.length);
  for (const { batch, start, count } of rowBatches(data, rows, SCORE_ROWS)) {
    const outputs = program.forward("score", batch);
    for (const { name, from } of heads) all[name]!.set((outputs[from]!.data as Float32Array).subarray(0, count), start);
  }
  return all;
}

/** Scores pairs of a dataset with a teacher. */
export function createScorer(
  { program }: Pick<OpenedTeacher, "program">,
  dataset: Dataset,
  heads: readonly StoredHead[],
): Scorer {
  const logQ = heads.some(({ addLogQ }) => addLogQ) ? historyLogQ(dataset) : undefined;
  const pick = (
    outputs: Readonly<Record<string, HostTensor>>,
    count: number,
    itemOf: (i: number) => number,
  ): HeadScores =>
    Object.fromEntries(
      heads.map(({ name, from, addLogQ }) => {
        const values = (outputs[from]!.data as Float32Array).slice(0, count);
        if (addLogQ) for (let i = 0; i < count; i++) values[i]! += logQ![itemOf(i)]!;
        return [name, values];
      }),
    );
  return {
    heads,
    pairs(rows, items) {
      const all = emptyScores(heads, rows.length);
      const ownItem = (i: number): number => dataset.items.rowEntity[rows[i]!]!;
      for (const { batch, start, count } of rowBatches(dataset, rows, SCORE_ROWS)) {
        const whole = items === undefined ? batch : { ...batch, ...otherItems(dataset, rows, items, { start, count }) };
        const itemOf = (i: number): number => items?.[start + i] ?? ownItem(start + i);
        const scores = pick(program.forward("score", whole), count, itemOf);
        for (const { name } of heads) all[name]!.set(scores[name]!, start);
      }
      return all;
    },
    *everyItem(rows) {
      const corpus = dataset.items.size;
      const users = Math.max(1, Math.floor(LIST_PAIRS / corpus));
      const chunks = [...itemChunks(dataset, users)];
      for (let start = 0; start < rows.length; start += users) {
        const count = Math.min(users, rows.length - start);
        const block = padRows(rows.subarray(start, start + count), users);
        const scores = emptyScores(heads, count * corpus);
        for (const { features, first, length, items } of chunks) {
          const outputs = program.forward("score", itemListBatch(dataset, block, items, length, features));
          const found = pick(outputs, count * length, (i) => items[i]!);
          for (const { name } of heads) setColumns(scores[name]!, found[name]!, { corpus, first, length });
        }
        yield { start, count, scores };
      }
    },
  };
}

/** What changes in a batch of rows when other items stand beside them. */
function otherItems(
  dataset: Dataset,
  rows: Int32Array,
  items: Int32Array,
  { start, count }: { readonly start: number; readonly count: number },
): HostBatch {
  const shape = [SCORE_ROWS];
  const block = padRows(rows.subarray(start, start + count), SCORE_ROWS);
  const numbers = padRows(items.subarray(start, start + count), SCORE_ROWS);
  const features = entityBatch(dataset, "item", numbers, shape);
  return { ...features, ...crossFeatures(dataset, { rows: block, items: numbers, shape }) };
}

function crossFeatures(
  dataset: Dataset,
  pairs: { readonly rows: Int32Array; readonly items: Int32Array; readonly shape: readonly number[] },
): HostBatch {
  const specs = dataset.features.filter(({ role }) => role === "cross");
  return Object.fromEntries(
    specs.map((spec) => [`cross/${spec.name}`, pairValues(dataset, spec, { ...pairs, own: false })]),
  );
}

interface ItemChunk {
  /** Number of the first item, and the length of the lists: the last chunk's are padded. */
  readonly first: number;
  readonly length: number;
  /** [users * length] the list again for each user. */
  readonly items: Int32Array;
  readonly features: HostBatch;
}

function* itemChunks(dataset: Dataset, users: number): Generator<ItemChunk> {
  const corpus = dataset.items.size;
  const length = Math.min(corpus, LIST_PAIRS);
  for (let first = 0; first < corpus; first += length) {
    const items = Int32Array.from({ length: users * length }, (_, i) => Math.min(first + (i % length), corpus - 1));
    yield { first, length, items, features: entityBatch(dataset, "item", items, [users, length]) };
  }
}

/** Writes [U, length] scores into the columns from `first` on of [U, corpus]; padded columns fall away. */
function setColumns(
  into: Float32Array,
  from: Float32Array,
  { corpus, first, length }: { readonly corpus: number; readonly first: number; readonly length: number },
): void {
  const kept = Math.min(length, corpus - first);
  for (let user = 0; user * length < from.length; user++)
    into.set(from.subarray(user * length, user * length + kept), user * corpus + first);
}

function emptyScores(heads: readonly StoredHead[], length: number): Record<string, Float32Array> {
  return Object.fromEntries(heads.map(({ name }) => [name, new Float32Array(length)]));
}

/** Log of each item's share of the history rows, of the training rows where there is no history. */
function historyLogQ({ items, parts }: Dataset): Float32Array {
  const trainCount = new Int32Array(items.size);
  for (const row of parts.history ?? parts.train) trainCount[items.rowEntity[row]!]! += 1;
  return frequencySampler({ ...items, trainCount }, 1).logQ;
}
