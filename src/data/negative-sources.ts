// What negatives are drawn from: the catalogue, the user's own exposures, a model's ranking of it, or a score store.
import { checkName, outOfRange } from "./batch-errors.ts";
import type { BatchData } from "./dataset.ts";
import { groupItems, type Interactions } from "./interactions.ts";
import { frequencySampler, type ItemSampler, uniformSampler } from "./item-sampler.ts";
import { checkRankSampling, deepestRank, type RankSampling } from "./rank-sampler.ts";

/** How some of a row's negatives are drawn. */
export type NegativesSpec = CatalogueNegatives | ExposedNegatives | RankedNegatives | StoredNegatives;

/** From the whole catalogue. */
export interface CatalogueNegatives {
  /** Items alike, or by training frequency to the power `power`. */
  readonly kind: "random" | "frequency";
  /** Negatives for each row, >= 1. */
  readonly count: number;
  /** Exponent of the frequency, >= 0. Default 1; for kind frequency only. */
  readonly power?: number;
  /** Draw again what the row's user has among the training items. The row's own item is never drawn. */
  readonly excludeKnown: boolean;
}

/** From the items that the user was shown in the rows of the spec and did not take. */
export interface ExposedNegatives {
  readonly kind: "exposed";
  readonly count: number;
  /** Label that is 0 on the rows that count. */
  readonly label: string;
}

/** From a model's ranking of the items that the user does not know. */
export interface RankedNegatives {
  readonly kind: "ranked";
  readonly count: number;
  readonly sampling: RankSampling;
  readonly lists: RankedLists;
}

/** From the row's candidates in the score store, without repetition. */
export interface StoredNegatives {
  readonly kind: "stored";
  readonly count: number;
}

/** Each user's best items, best first, NO_ITEM at the end of short lists. In shared memory, so that workers read it too. */
export interface RankedLists {
  readonly width: number;
  /** [users * width] */
  readonly items: Int32Array;
}

/** A source of item numbers, with what its draws need. */
export type ItemSource =
  | { readonly spec: CatalogueNegatives; readonly sampler: ItemSampler }
  | { readonly spec: ExposedNegatives; readonly exposed: Interactions }
  | { readonly spec: RankedNegatives };

/** A source; of a store places are drawn, since scores lie there beside the items. */
export type NegativeSource = ItemSource | { readonly spec: StoredNegatives };

export const isStored = (source: NegativeSource): source is { readonly spec: StoredNegatives } =>
  source.spec.kind === "stored";

/** Prepares a source. @param rows - the rows whose users' exposures count. */
export function openSource(data: BatchData, spec: NegativesSpec, rows: Int32Array): NegativeSource {
  if (spec.kind === "ranked") return { spec };
  if (spec.kind === "stored") return { spec };
  if (spec.kind === "exposed") {
    const labels = data.labels.get(spec.label)!;
    const shown = rows.filter((row) => labels[row] === 0);
    return {
      spec,
      exposed: groupItems(data.users.rowEntity, data.items.rowEntity, { rows: shown, numUsers: data.users.size }),
    };
  }
  const sampler = spec.kind === "random" ? uniformSampler(data.items) : frequencySampler(data.items, spec.power ?? 1);
  return { spec, sampler };
}

/** @throws {ConfigError} a number is out of range, a label is unknown, or ranked lists do not fit. */
export function checkNegatives(data: BatchData, spec: NegativesSpec): void {
  const { kind, count } = spec;
  if (!(Number.isInteger(count) && count >= 1)) throw outOfRange("negatives.count must be an integer >= 1", count);
  if (kind === "exposed") {
    checkName("negatives.label", spec.label, [...data.labels.keys()]);
    return;
  }
  if (kind === "ranked") {
    checkRankSampling("batch spec: negatives", spec.sampling);
    const { width, items } = spec.lists;
    if (items.length !== width * data.users.size || width < Math.min(deepestRank(spec.sampling), data.items.size))
      throw outOfRange(
        `negatives.lists must hold the first ${deepestRank(spec.sampling)} items of each of ${data.users.size} users`,
        `${items.length} items in lists of ${width}`,
      );
    return;
  }
  if (kind === "stored") {
    const width = data.stored?.candidates?.width;
    if ((width ?? 0) < count)
      throw outOfRange(`negatives of kind stored must find ${count} candidates a row in the store`, width ?? "none");
    return;
  }
  if (kind === "frequency" && data.trainItems.items.length === 0)
    throw outOfRange("negatives by frequency must have training rows to count", "none");
  const { power } = spec;
  if (power === undefined) return;
  if (kind !== "frequency") throw outOfRange("negatives.power must go with kind frequency", `kind ${kind}`);
  if (!(power >= 0 && Number.isFinite(power))) throw outOfRange("negatives.power must be a finite number >= 0", power);
}
