import { type DataConfig, soleColumn } from "../../data/config.ts";
import type { Dataset, DatasetParts } from "../../data/dataset.ts";
import type { LeakCheck } from "./leak-check.ts";

type Split = Pick<Dataset, "parts" | "rows" | "users" | "items" | "columns" | "labels" | "numbers" | "source">;

/** Rows that stand in training (or history) and in a part that is measured, or repeat one word by word. */
export function checkRows(dataset: Split, config: DataConfig): LeakCheck {
  const name = "rows in two parts";
  const measured = measuredParts(dataset.parts);
  if (measured.length === 0)
    return { name, verdict: "not checked", message: "there is no validation and no test part" };
  for (const [part, rows] of measured) {
    const learnt = learntRows(dataset);
    const shared = rows.filter((row) => learnt[row] === 1);
    if (shared.length > 0) {
      const message = `${shared.length} of ${rows.length} ${part} rows are training or history rows too (the first is ${rowName(dataset, shared[0]!)})`;
      return { name, verdict: "leak", message };
    }
  }
  for (const [part, rows] of measured) {
    const repeated = repeatedRows(dataset, rows);
    if (repeated.length === 0) continue;
    const hasTime = soleColumn(config.columns, "time") !== undefined;
    const message = `${repeated.length} of ${rows.length} ${part} rows equal a training row in every column (the first is ${rowName(dataset, repeated[0]!)})${hasTime ? "" : "; without a time column these may be two events alike"}`;
    return { name, verdict: hasTime ? "leak" : "warning", message };
  }
  const message = `no row of ${measured.map(([part]) => part).join(" or ")} is in training or history, or repeats a row of them`;
  return { name, verdict: "ok", message };
}

/** Whether measured rows come after the training rows. */
export function checkTimeOrder(dataset: Split, config: DataConfig): LeakCheck {
  const name = "time order";
  const column = soleColumn(config.columns, "time");
  const measured = measuredParts(dataset.parts);
  if (column === undefined) return { name, verdict: "not checked", message: "the data have no column of role time" };
  if (measured.length === 0)
    return { name, verdict: "not checked", message: "there is no validation and no test part" };
  const times = dataset.numbers.get(column)!;
  const train = rangeOf(times, dataset.parts.train);
  for (const [part, rows] of measured) {
    const { from, to } = rangeOf(times, rows);
    const spans = `${part} ${column} is ${from} to ${to}, training ${train.from} to ${train.to}`;
    if (from > train.to) continue;
    if (to < train.from)
      return {
        name,
        verdict: "warning",
        message: `${spans}: all ${part} rows are smaller, right only where the column counts backwards`,
      };
    const before = rows.filter((row) => times[row]! <= train.to).length;
    const mixed = mixedUsers(dataset, times, rows);
    const own = mixed === 0 ? "; within each user they are later" : `; within ${mixed} users too`;
    const share = `${before} of ${rows.length} ${part} rows are not later than the last training row${own}`;
    return { name, verdict: "warning", message: `${spans}: ${share}; a model in use knows nothing of its future` };
  }
  return {
    name,
    verdict: "ok",
    message: `all measured rows have a larger ${column} than the training rows, which end at ${train.to}`,
  };
}

function measuredParts(parts: DatasetParts): readonly (readonly [string, Int32Array])[] {
  return (["validation", "test"] as const).flatMap((part) => {
    const rows = parts[part];
    return rows === undefined ? [] : [[part, rows] as const];
  });
}

function learntRows({ rows, parts }: Split): Uint8Array {
  const flags = new Uint8Array(rows);
  for (const part of [parts.train, parts.history ?? []]) for (const row of part) flags[row] = 1;
  return flags;
}

/** Measured rows whose user, item, features, labels and numbers are those of a training row. */
function repeatedRows(dataset: Split, measured: Int32Array): readonly number[] {
  const keyOf = rowKey(dataset);
  const places = new Map<string, number[]>();
  for (const row of measured) {
    const key = keyOf(row);
    places.set(key, [...(places.get(key) ?? []), row]);
  }
  const found: number[] = [];
  for (const row of dataset.parts.train) {
    const key = keyOf(row);
    const same = places.get(key);
    if (same === undefined) continue;
    found.push(...same);
    places.delete(key);
  }
  return found.sort((a, b) => a - b);
}

function rowKey({ users, items, columns, labels, numbers }: Split): (row: number) => string {
  const plain = [...labels.values(), ...numbers.values()];
  return (row) => {
    const features = [...columns.values()].map(({ data, width }) =>
      data.subarray(row * width, (row + 1) * width).join(","),
    );
    return [users.rowEntity[row], items.rowEntity[row], ...features, ...plain.map((values) => values[row])].join(" ");
  };
}

function rangeOf(times: Float64Array, rows: Int32Array): { readonly from: number; readonly to: number } {
  let [from, to] = [Infinity, -Infinity];
  for (const row of rows) {
    from = Math.min(from, times[row]!);
    to = Math.max(to, times[row]!);
  }
  return { from, to };
}

/** Users with a measured row before one of their training rows. */
function mixedUsers({ users, parts }: Split, times: Float64Array, measured: Int32Array): number {
  const last = new Map<number, number>();
  for (const row of parts.train) {
    const user = users.rowEntity[row]!;
    last.set(user, Math.max(last.get(user) ?? -Infinity, times[row]!));
  }
  return new Set(
    [...measured]
      .filter((row) => times[row]! < (last.get(users.rowEntity[row]!) ?? -Infinity))
      .map((row) => users.rowEntity[row]!),
  ).size;
}

/** The row as it lies in its file. */
function rowName({ source }: Split, row: number): string {
  const at = source.rows[row]!;
  const file = source.files.findLast(({ start }) => start <= at)!;
  return `row ${at - file.start + 1} of ${file.name}`;
}
