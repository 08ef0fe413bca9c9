import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { WriteColumn } from "../data/write-column.ts";
import { writeParquet } from "../data/write-parquet.ts";
import { nodeFiles } from "../files/file-layer.ts";
import type { CascadeConfig } from "./cascade-config.ts";
import { cascadeLog, type LoggedRequest } from "./cascade-log.ts";
import { createWorld, type World } from "./world.ts";

/** What was written. */
export interface CascadeReport {
  readonly folder: string;
  readonly requests: number;
  /** Exposed rows, clicks and conversions among them, and items that no row shows. */
  readonly rows: number;
  readonly clicks: number;
  readonly conversions: number;
  readonly itemsNeverExposed: number;
}

/** Rows of one request's stages in `stages.parquet`. */
const STAGES = ["recalled", "preRanked", "exposed"] as const;

/**
 * Simulates a cascade and writes what its operators would have:
 *
 * - `rows.parquet`: exposed rows with day, user and item features, `click` and `conversion`;
 * - `items.parquet`: the whole corpus with its features, cold items included;
 * - `stages.parquet`: request, day, user, item, the last stage it reached (1 recalled, 2 pre-ranked, 3 exposed), rank there;
 * - `cascade.json`: the configuration, from which `createWorld` gives the truth again.
 */
export async function writeCascade(
  config: CascadeConfig,
  folder: string,
  onProgress: (done: number) => void = () => {},
): Promise<CascadeReport> {
  await nodeFiles.makeFolder(folder);
  const world = createWorld(config);
  const log: LoggedRequest[] = [];
  for (const request of cascadeLog(world)) {
    log.push(request);
    if (log.length % 1000 === 0) onProgress(log.length);
  }
  await writeParquet(join(folder, "rows.parquet"), rowColumns(world, log));
  await writeParquet(
    join(folder, "items.parquet"),
    itemColumns(
      world,
      Int32Array.from({ length: config.items }, (_, item) => item),
    ),
  );
  await writeParquet(join(folder, "stages.parquet"), stageColumns(log));
  await writeFile(join(folder, "cascade.json"), `${JSON.stringify(config, null, 2)}\n`);
  const count = (flags: (request: LoggedRequest) => Uint8Array): number =>
    log.reduce((sum, request) => sum + flags(request).reduce((a, b) => a + b, 0), 0);
  const shown = new Set(log.flatMap(({ exposed }) => [...exposed]));
  return {
    folder,
    requests: log.length,
    rows: log.reduce((sum, { exposed }) => sum + exposed.length, 0),
    clicks: count(({ clicks }) => clicks),
    conversions: count(({ conversions }) => conversions),
    itemsNeverExposed: config.items - shown.size,
  };
}

function rowColumns(world: World, log: readonly LoggedRequest[]): WriteColumn[] {
  const perRow = (value: (request: LoggedRequest, place: number) => number): Int32Array =>
    Int32Array.from(log.flatMap((request) => Array.from(request.exposed, (_, place) => value(request, place))));
  const users = perRow(({ user }) => user);
  const items = perRow(({ exposed }, place) => exposed[place]!);
  return [
    int(
      "request",
      perRow(({ request }) => request),
    ),
    int(
      "day",
      perRow(({ day }) => day),
    ),
    ...userColumns(world, users),
    ...itemColumns(world, items),
    int(
      "click",
      perRow(({ clicks }, place) => clicks[place]!),
    ),
    int(
      "conversion",
      perRow(({ conversions }, place) => conversions[place]!),
    ),
  ];
}

/** The observed features of users: id, age, city, purchasing power, and log(1 + earlier actions) in each category. */
export function userColumns({ users, config: { categories: C } }: World, numbers: Int32Array): WriteColumn[] {
  const of = (values: Int32Array): Int32Array => numbers.map((user) => values[user]!);
  const histories = Array.from({ length: C }, (_, c) => ({
    name: `h${c}`,
    type: "float32" as const,
    values: Float32Array.from(numbers, (user) => Math.log1p(users.history[user * C + c]!)),
  }));
  return [
    int("user", numbers),
    int("age", of(users.age)),
    int("city", of(users.city)),
    int("power", of(users.power)),
    ...histories,
  ];
}

/** The observed features of items: id, category, price level, and noisy buckets of attractiveness and quality. */
export function itemColumns({ items }: World, numbers: Int32Array): WriteColumn[] {
  const of = (values: Int32Array): Int32Array => numbers.map((item) => values[item]!);
  return [
    int("item", numbers),
    int("category", of(items.category)),
    int("price", of(items.price)),
    int("attractiveness", of(items.attractivenessBucket)),
    int("quality", of(items.qualityBucket)),
  ];
}

function stageColumns(log: readonly LoggedRequest[]): WriteColumn[] {
  const length = log.reduce((sum, { recalled }) => sum + recalled.length, 0);
  const names = ["request", "day", "user", "item", "stage", "rank"] as const;
  const columns = names.map(() => new Int32Array(length));
  let at = 0;
  for (const request of log) {
    const reached = new Map<number, readonly [stage: number, rank: number]>();
    for (const [stage, name] of STAGES.entries()) {
      for (const [rank, item] of request[name].entries()) reached.set(item, [stage + 1, rank + 1]);
    }
    for (const [item, [stage, rank]] of reached) {
      for (const [i, value] of [request.request, request.day, request.user, item, stage, rank].entries())
        columns[i]![at] = value;
      at++;
    }
  }
  return names.map((name, i) => int(name, columns[i]!));
}

function int(name: string, values: Int32Array): WriteColumn {
  return { name, type: "int32", values };
}
