import type { RandomStream } from "../random.ts";
import type { BatchData } from "./dataset.ts";
import { hasItem, type Interactions } from "./interactions.ts";
import type { ItemSampler } from "./item-sampler.ts";
import type { ItemSource, RankedNegatives } from "./negative-sources.ts";
import { drawRank } from "./rank-sampler.ts";

/** Draws of one negative before it is drawn from the list of what is left. */
const MAX_TRIES = 16;
/** Stands where a user knows every item that could be drawn. */
export const NO_ITEM = -1;

/** Options of drawFromSource. */
export interface SourceDrawOptions {
  /** Row numbers of the batch. */
  readonly rows: Int32Array;
  readonly stream: RandomStream;
}

/**
 * Draws a source's negatives of each row.
 *
 * @returns [rows * count] item numbers, NO_ITEM where nothing can be drawn.
 */
export function drawFromSource(data: BatchData, source: ItemSource, { rows, stream }: SourceDrawOptions): Int32Array {
  const { count } = source.spec;
  if ("sampler" in source) {
    const { excludeKnown } = source.spec;
    return drawNegatives(data, { rows, count, excludeKnown, sampler: source.sampler, stream });
  }
  const drawn = new Int32Array(rows.length * count);
  rows.forEach((row, i) => {
    const user = data.users.rowEntity[row]!;
    const own = data.items.rowEntity[row]!;
    for (let j = 0; j < count; j++)
      drawn[i * count + j] =
        "exposed" in source
          ? drawExposed(source.exposed, user, own, stream)
          : drawRanked(source.spec, user, own, stream);
  });
  return drawn;
}

/** One of the user's exposed items but the row's own, all alike. */
function drawExposed({ offsets, items }: Interactions, user: number, own: number, stream: RandomStream): number {
  const shown = items.subarray(offsets[user]!, offsets[user + 1]!);
  const at = shown.indexOf(own);
  const others = shown.length - (at >= 0 ? 1 : 0);
  if (others === 0) return NO_ITEM;
  const place = stream.integer(others);
  return shown[at >= 0 && place >= at ? place + 1 : place]!;
}

function drawRanked({ sampling, lists }: RankedNegatives, user: number, own: number, stream: RandomStream): number {
  const list = lists.items.subarray(user * lists.width, (user + 1) * lists.width);
  const end = list.indexOf(NO_ITEM);
  const rank = drawRank(sampling, end < 0 ? lists.width : end, stream);
  if (rank === undefined) return NO_ITEM;
  const item = list[rank - 1]!;
  return item === own ? NO_ITEM : item;
}

/** Options of drawNegatives. */
export interface DrawOptions {
  /** Row numbers of the batch. */
  readonly rows: Int32Array;
  /** Negatives for each row. */
  readonly count: number;
  readonly excludeKnown: boolean;
  readonly sampler: ItemSampler;
  readonly stream: RandomStream;
}

/**
 * Draws negatives with replacement. What must not be drawn (the row's own item and, with excludeKnown, the user's
 * training items) is drawn again, after MAX_TRIES from the rest of the items with the sampler's probabilities.
 *
 * @returns [rows * count] item numbers, NO_ITEM where nothing can be drawn.
 */
export function drawNegatives(data: BatchData, options: DrawOptions): Int32Array {
  const { rows, count, excludeKnown, sampler, stream } = options;
  const drawn = new Int32Array(rows.length * count);
  for (let i = 0; i < rows.length; i++) {
    const own = data.items.rowEntity[rows[i]!]!;
    const user = excludeKnown ? data.users.rowEntity[rows[i]!]! : undefined;
    for (let j = 0; j < count; j++) {
      drawn[i * count + j] = drawNegative({ own, user, trainItems: data.trainItems, sampler, stream });
    }
  }
  return drawn;
}

interface OneDraw {
  readonly own: number;
  /** The user whose training items must not be drawn. */
  readonly user: number | undefined;
  readonly trainItems: Interactions;
  readonly sampler: ItemSampler;
  readonly stream: RandomStream;
}

function drawNegative(draw: OneDraw): number {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const item = draw.sampler.draw(draw.stream);
    if (isAllowed(draw, item)) return item;
  }
  return drawFromRest(draw);
}

function isAllowed({ own, user, trainItems }: OneDraw, item: number): boolean {
  return item !== own && (user === undefined || !hasItem(trainItems, user, item));
}

function drawFromRest(draw: OneDraw): number {
  const { weights } = draw.sampler;
  const rest: number[] = [];
  let total = 0;
  for (let item = 0; item < weights.length; item++) {
    if (weights[item]! <= 0 || !isAllowed(draw, item)) continue;
    rest.push(item);
    total += weights[item]!;
  }
  let left = draw.stream.uniform() * total;
  for (const item of rest) {
    left -= weights[item]!;
    if (left < 0) return item;
  }
  return rest.at(-1) ?? NO_ITEM;
}
