import type { Dataset } from "../../data/dataset.ts";
import { DataError } from "../../errors.ts";
import { warmUsers } from "../evaluation/corpus-lists.ts";
import type { StageTable } from "./stage-table.ts";

/** A logged cascade's requests in the numbers of a dataset. Request r has items offsets[r] to offsets[r + 1] - 1. */
export interface LoggedRequests {
  /** [requests] a training row of each request's user. */
  readonly rows: Int32Array;
  readonly offsets: Int32Array;
  /** Item numbers. */
  readonly items: Int32Array;
  /** Requests left out: their user has no training row. */
  readonly unknownUsers: number;
  /** Items left out: the data do not have them. */
  readonly unknownItems: number;
}

/**
 * Joins a table of stages to the users and items of the data.
 *
 * @param where - what a message names: the space.
 * @throws {DataError} a request without any item of the data, or no request of a training user.
 */
export function joinRequests(where: string, table: StageTable, dataset: Dataset): LoggedRequests {
  const itemOf = new Map(dataset.items.ids.map((id, item) => [id, item]));
  const warm = warmUsers(dataset, "train");
  const rowOf = new Map(Array.from(warm.numbers, (user, i) => [dataset.users.ids[user]!, warm.rows[i]!]));
  const rows: number[] = [];
  const offsets = [0];
  const items: number[] = [];
  let unknownUsers = 0;
  let unknownItems = 0;
  for (const [request, user] of table.users.entries()) {
    const row = rowOf.get(user);
    if (row === undefined) {
      unknownUsers++;
      continue;
    }
    const ids = table.items.slice(table.offsets[request]!, table.offsets[request + 1]!);
    const known = ids.flatMap((id) => itemOf.get(id) ?? []);
    if (known.length === 0)
      throw new DataError(
        `${where}: a request must have a candidate that the data have, got none of ${ids.length} items of user "${user}", such as "${ids[0]}"`,
      );
    unknownItems += ids.length - known.length;
    rows.push(row);
    for (const item of known) items.push(item);
    offsets.push(items.length);
  }
  if (rows.length === 0)
    throw new DataError(
      `${where}: table must hold a request of a user with training rows, got ${unknownUsers} of others`,
    );
  return {
    rows: Int32Array.from(rows),
    offsets: Int32Array.from(offsets),
    items: Int32Array.from(items),
    unknownUsers,
    unknownItems,
  };
}
