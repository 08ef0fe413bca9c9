import { DataError } from "../errors.ts";
import { assertItemSets, type ItemSets, itemsOf } from "./top-lists.ts";

/**
 * The sets of (user, item) pairs; an item is kept once a user, in rising order.
 *
 * @param users - [P] user numbers in [0, userCount). @param items - [P] item numbers, >= 0.
 * @throws {DataError} a user or item number out of its range.
 */
export function itemSets(users: ArrayLike<number>, items: ArrayLike<number>, userCount: number): ItemSets {
  const held = Array.from({ length: userCount }, (): number[] => []);
  for (let pair = 0; pair < users.length; pair++) {
    const [user, item] = [users[pair]!, items[pair]!];
    const ofUser = held[user];
    if (ofUser === undefined || !(Number.isInteger(item) && item >= 0)) {
      const range = `users in [0, ${userCount}) and items >= 0`;
      throw new DataError(`itemSets: pairs must hold ${range}, got user ${user}, item ${item} at ${pair}`);
    }
    ofUser.push(item);
  }
  return fromLists(held.map((ofUser) => Int32Array.from(new Set(ofUser)).sort()));
}

/**
 * `sets` without the items of `removed`, user by user: a relevant item that the seen mask hides can never be
 * found, so take the seen ones out before recall is computed.
 *
 * @throws {ShapeError} the two are for different numbers of users.
 */
export function withoutItems(sets: ItemSets, removed: ItemSets): ItemSets {
  const users = sets.offsets.length - 1;
  assertItemSets("withoutItems", "removed", removed, users);
  const kept = Array.from({ length: users }, (_, user) => {
    const gone = new Set(itemsOf(removed, user));
    return itemsOf(sets, user).filter((item) => !gone.has(item));
  });
  return fromLists(kept);
}

function fromLists(lists: readonly Int32Array[]): ItemSets {
  const offsets = new Int32Array(lists.length + 1);
  for (const [user, list] of lists.entries()) offsets[user + 1] = offsets[user]! + list.length;
  const items = new Int32Array(offsets.at(-1)!);
  for (const [user, list] of lists.entries()) items.set(list, offsets[user]!);
  return { offsets, items };
}
