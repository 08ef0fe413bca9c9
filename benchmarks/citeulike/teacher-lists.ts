// What a student is given of its teacher: each user's best unseen items, and items drawn from the rest, with the teacher's scores.
import * as tf from "@tensorflow/tfjs";
import { topItems } from "../../src/eval/top-items.ts";
import { type RandomStream, randomStream } from "../../src/random.ts";
import { dot, type Vectors } from "./protocol.ts";
import { type Split, trainItems } from "./split.ts";

/** [users, width] items, best first where they are ranked, and the teacher's score of each. */
export interface Lists {
  readonly width: number;
  readonly items: Int32Array;
  readonly scores: Float32Array;
}

/** Each user's best items that are not in training, by any two-tower's vectors. */
export async function rankedLists(vectors: Vectors, split: Split, width: number): Promise<Lists> {
  const users = tf.tensor2d(vectors.users, [split.users, vectors.width]);
  const items = tf.tensor2d(vectors.items, [split.items, vectors.width]);
  try {
    const top = await topItems(users, items, { k: width, seen: split.train });
    return { width, items: top.items, scores: top.scores };
  } finally {
    tf.dispose([users, items]);
  }
}

/** So many of a ranking, rank r in proportion to exp(-r / temperature). */
export interface RankedDraw {
  readonly count: number;
  readonly temperature: number;
}

export interface Draw {
  /** The first so many of the ranked list, always. */
  readonly top: number;
  /** Of the ranked list besides, in order of rank. */
  readonly ranked?: RankedDraw;
  /** Of the student's ranking, what is not there yet. */
  readonly own?: RankedDraw;
  /** So many of all other items, alike. */
  readonly uniform: number;
}

/**
 * One epoch's lists: top, then ranked, then the student's own, then uniform items. Repeated items within the uniform ones
 * are possible, and rare.
 *
 * @param student - the student's ranking of the moment, where its items are drawn.
 */
export function drawLists(
  teacher: Vectors,
  ranked: Lists,
  split: Split,
  draw: Draw,
  where: { readonly seed: number; readonly epoch: number },
  student?: Lists,
): Lists {
  const count = draw.ranked?.count ?? 0;
  const width = draw.top + count + (draw.own?.count ?? 0) + draw.uniform;
  const items = new Int32Array(split.users * width);
  const scores = new Float32Array(split.users * width);
  for (let user = 0; user < split.users; user++) {
    const stream = randomStream(where.seed, "lists", where.epoch, user);
    const from = user * ranked.width;
    const places = Array.from({ length: draw.top }, (_, place) => place);
    if (draw.ranked !== undefined)
      places.push(...drawPlaces(draw.ranked, [draw.top, ranked.width], stream).sort((a, b) => a - b));
    const taken = new Set<number>(trainItems(split, user));
    for (const [at, place] of places.entries()) {
      items[user * width + at] = ranked.items[from + place]!;
      scores[user * width + at] = ranked.scores[from + place]!;
      taken.add(ranked.items[from + place]!);
    }
    const own = draw.own === undefined ? [] : unseenOf(draw.own, student!, user, taken, stream);
    for (const [i, item] of own.entries()) {
      items[user * width + places.length + i] = item;
      scores[user * width + places.length + i] = dot(teacher, user, item);
      taken.add(item);
    }
    for (let at = places.length + own.length; at < width; ) {
      const item = stream.integer(split.items);
      if (taken.has(item)) continue;
      items[user * width + at] = item;
      scores[user * width + at++] = dot(teacher, user, item);
    }
  }
  return { width, items, scores };
}

/** Items of a user's ranking that are not taken. */
function unseenOf(
  draw: RankedDraw,
  { width, items }: Lists,
  user: number,
  taken: ReadonlySet<number>,
  stream: RandomStream,
): readonly number[] {
  const own = items.subarray(user * width, (user + 1) * width);
  return drawPlaces(draw, [0, width], stream, (place) => !taken.has(own[place]!)).map((place) => own[place]!);
}

/** Places of [from, to) that are free, as they are drawn. */
function drawPlaces(
  { count, temperature }: RankedDraw,
  [from, to]: readonly [from: number, to: number],
  stream: RandomStream,
  isFree: (place: number) => boolean = () => true,
): number[] {
  const chosen = new Set<number>();
  while (chosen.size < count) {
    const place = from + Math.floor(-Math.log(1 - stream.uniform()) * temperature);
    if (place < to && isFree(place)) chosen.add(place);
  }
  return [...chosen];
}
