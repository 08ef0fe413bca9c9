// U = users, K = width of the lists
import { ConfigError, DataError, ShapeError } from "../errors.ts";
import { assertCount } from "./argument-checks.ts";
import { assertOffsets } from "./over-lists.ts";

/** Fills the places of a list that has no more items. */
export const NO_ITEM = -1;

/** The best items of each user, best first. */
export interface TopLists {
  readonly users: number;
  /** Places of each list. */
  readonly width: number;
  /** [U, K] item numbers, >= 0; NO_ITEM only at the end of a list. */
  readonly items: Int32Array;
}

/** A set of items for each user: the items of user u are items[offsets[u]] .. items[offsets[u+1] - 1]. */
export interface ItemSets {
  /** [U + 1] rising from 0. */
  readonly offsets: Int32Array;
  /** Item numbers, >= 0, each at most once for a user. */
  readonly items: Int32Array;
}

/**
 * Refuses lists of a wrong size, with gaps, or with an item twice.
 * @throws {ShapeError} wrong size. @throws {DataError} a gap, a repeated or an impossible item, naming the user.
 */
export function assertTopLists(where: string, name: string, lists: TopLists): void {
  const { users, width, items } = lists;
  if (items.length !== users * width) {
    throw new ShapeError(`${where}: ${name}.items must be users x width = ${users} x ${width}, got ${items.length}`);
  }
  const lastUser = new Int32Array(largestItem(items) + 1).fill(-1);
  for (let user = 0; user < users; user++) assertTopList(where, `${name} of user ${user}`, lists, user, lastUser);
}

function assertTopList(where: string, name: string, lists: TopLists, user: number, lastUser: Int32Array): void {
  const length = listLength(lists, user);
  for (let place = 0; place < lists.width; place++) {
    const item = lists.items[user * lists.width + place]!;
    if (item < NO_ITEM || (place >= length && item !== NO_ITEM)) {
      throw new DataError(`${where}: ${name} must hold items >= 0 and then only ${NO_ITEM}, got ${item} at ${place}`);
    }
    if (item === NO_ITEM) continue;
    if (lastUser[item] === user) throw new DataError(`${where}: ${name} must hold an item once, got ${item} twice`);
    lastUser[item] = user;
  }
}

/**
 * Refuses sets for another number of users, with an impossible item or with one twice.
 * @throws {ShapeError} wrong number of users, offsets that do not fit. @throws {DataError} a bad item, naming the user.
 */
export function assertItemSets(where: string, name: string, sets: ItemSets, users: number): void {
  if (sets.offsets.length !== users + 1) {
    throw new ShapeError(
      `${where}: ${name}.offsets must have users + 1 = ${users + 1} entries, got ${sets.offsets.length}`,
    );
  }
  assertOffsets(where, sets.offsets, sets.items.length);
  const lastUser = new Int32Array(largestItem(sets.items) + 1).fill(-1);
  for (let user = 0; user < users; user++) {
    for (const item of itemsOf(sets, user)) {
      if (!(item >= 0)) throw new DataError(`${where}: ${name} of user ${user} must be items >= 0, got ${item}`);
      if (lastUser[item] === user) {
        throw new DataError(`${where}: ${name} of user ${user} must hold an item once, got ${item} twice`);
      }
      lastUser[item] = user;
    }
  }
}

/** Refuses cut-offs that are no whole numbers >= 1, repeat, or reach past the lists. @throws {ConfigError} */
export function assertCutoffs(where: string, ks: readonly number[], width: number): void {
  for (const k of ks) assertCount(where, "k", k);
  if (new Set(ks).size !== ks.length) throw new ConfigError(`${where}: ks must differ, got ${ks.join(", ")}`);
  const beyond = ks.find((k) => k > width);
  if (beyond === undefined) return;
  throw new ConfigError(`${where}: k must be at most the lists' width ${width}, got ${beyond}; ask for wider lists`);
}

/** The items of one user. */
export function itemsOf(sets: ItemSets, user: number): Int32Array {
  return sets.items.subarray(sets.offsets[user]!, sets.offsets[user + 1]!);
}

/** The first `k` places of one user's list, without the empty ones. */
export function listOf(lists: TopLists, user: number, k = lists.width): Int32Array {
  const start = user * lists.width;
  return lists.items.subarray(start, start + Math.min(k, listLength(lists, user)));
}

/** The largest item number in the array; NO_ITEM of nothing. */
export function largestItem(items: Int32Array): number {
  let largest = NO_ITEM;
  for (const item of items) if (item > largest) largest = item;
  return largest;
}

function listLength({ items, width }: TopLists, user: number): number {
  const end = items.subarray(user * width, (user + 1) * width).indexOf(NO_ITEM);
  return end < 0 ? width : end;
}
