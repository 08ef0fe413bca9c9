import { soleColumn } from "../../data/config.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { EncodedColumn } from "../../data/encode-column.ts";
import { auc, kendallTau } from "../../eval/index.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { LeakCheck } from "./leak-check.ts";

/** A single feature that tells a label this well is not known before the label. */
const TELLING_AUC = 0.98;
/** Share of a feature's uncertainty that may be left once the label column is known. */
const LEFT_OVER = 0.01;
const TELLING_TAU = 0.99;
/** Rows that a rank correlation is measured on. */
const SAMPLE = 20_000;
/** A label column with fewer rows a value is a number, not a grade. */
const ROWS_A_GRADE = 20;

/** Features that a label can be read off, or that are made of a label column. */
export function checkLabelFeatures(dataset: Dataset, config: RunConfig): LeakCheck {
  const name = "label in a feature";
  const seen = seenFeatures(dataset, config);
  const found = [...seen].flatMap(([feature, models]) => {
    const column = dataset.columns.get(feature)!;
    const why = tellsLabel(dataset, column) ?? (column.width === 1 ? madeOfLabel(dataset, config, column) : undefined);
    return why === undefined ? [] : [`${feature} (seen by ${models.join(" and ")}) ${why}`];
  });
  if (found.length > 0) return { name, verdict: "leak", message: found.join("; ") };
  return { name, verdict: "ok", message: `no label can be read off one of ${[...seen.keys()].join(", ")}` };
}

/** Columns by the models that see them. */
function seenFeatures({ columns, features }: Dataset, { teacher, student }: RunConfig): Map<string, readonly string[]> {
  const roleOf = new Map(features.map(({ name, role }) => [name, role]));
  const ofTeacher = (name: string): boolean => teacher !== undefined && (teacher.features?.includes(name) ?? true);
  const ofStudent = (name: string): boolean => {
    if (student === undefined) return false;
    const role = roleOf.get(name);
    if (role === "user") return student.userFeatures?.includes(name) ?? true;
    return role === "item" && (student.itemFeatures?.includes(name) ?? true);
  };
  const seen = [...columns.keys()].map((name) => {
    const models = [...(ofStudent(name) ? ["student"] : []), ...(ofTeacher(name) ? ["teacher"] : [])];
    return [name, models] as const;
  });
  return new Map(seen.filter(([, models]) => models.length > 0));
}

/** The label that the feature alone ranks nearly without error, on rows that its value means were not taken from. */
function tellsLabel({ labels, parts }: Dataset, column: EncodedColumn): string | undefined {
  const [fitted, tried] = parts.test === undefined ? halves(parts.train) : [parts.train, parts.test];
  for (const [label, values] of labels) {
    const scores =
      column.data instanceof Int32Array ? valueMeans(column, values, fitted, tried) : numbersAt(column, tried);
    const found = auc(
      scores,
      Float64Array.from(tried, (row) => values[row]!),
    );
    const area = found === null ? 0 : column.data instanceof Int32Array ? found : Math.max(found, 1 - found);
    if (area >= TELLING_AUC) return `tells label ${label} by itself (AUC ${area.toFixed(4)})`;
  }
  return undefined;
}

function halves(rows: Int32Array): readonly [Int32Array, Int32Array] {
  return [rows.filter((_, i) => i % 2 === 0), rows.filter((_, i) => i % 2 === 1)];
}

function numbersAt({ data, width }: EncodedColumn, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, (row) => data[row * width]!);
}

/** Each row's mean label among the fitted rows with the same value; with several values, the mean of theirs. */
function valueMeans(
  { data, width }: EncodedColumn,
  labels: Float32Array,
  fitted: Int32Array,
  tried: Int32Array,
): Float64Array {
  const sums = new Map<number, { count: number; sum: number }>();
  let total = 0;
  for (const row of fitted) {
    total += labels[row]!;
    for (let place = row * width; place < (row + 1) * width; place++) {
      const sum = sums.get(data[place]!) ?? { count: 0, sum: 0 };
      sums.set(data[place]!, { count: sum.count + 1, sum: sum.sum + labels[row]! });
    }
  }
  const overall = total / Math.max(1, fitted.length);
  const meanOf = (value: number): number => {
    const { count, sum } = sums.get(value) ?? { count: 0, sum: 0 };
    return (sum + overall) / (count + 1);
  };
  return Float64Array.from(tried, (row) => {
    let mean = 0;
    for (let place = row * width; place < (row + 1) * width; place++) mean += meanOf(data[place]!) / width;
    return mean;
  });
}

/** The column of role label that the feature follows from. */
function madeOfLabel({ numbers, parts }: Dataset, { data }: RunConfig, column: EncodedColumn): string | undefined {
  const time = soleColumn(data.columns, "time");
  for (const [name, values] of numbers) {
    if (data.columns[name]?.role !== "label" || name === time) continue;
    const rows = parts.train.filter((row) => !Number.isNaN(values[row]!));
    const grades = new Set(Array.from(rows, (row) => values[row]!));
    if (rows.length / grades.size >= ROWS_A_GRADE) {
      const left = leftOver(column, values, rows);
      if (left !== null && left <= LEFT_OVER)
        return `follows from label column ${name} (${(100 * (1 - left)).toFixed(1)} % of it)`;
    } else if (column.data instanceof Float32Array) {
      const sample = rows.subarray(0, SAMPLE);
      const tau = kendallTau(
        numbersAt(column, sample),
        Float64Array.from(sample, (row) => values[row]!),
      );
      if (tau !== null && Math.abs(tau) >= TELLING_TAU)
        return `is ordered as label column ${name} is (tau ${tau.toFixed(4)})`;
    }
  }
  return undefined;
}

/**
 * Share of the rows that the commonest value gets wrong and the commonest value of the row's grade gets wrong still;
 * null where the feature has one value.
 */
function leftOver({ data }: EncodedColumn, grades: Float64Array, rows: Int32Array): number | null {
  const counts = new Map<number, Map<number, number>>();
  const all = new Map<number, number>();
  for (const row of rows) {
    const own = counts.get(grades[row]!) ?? new Map<number, number>();
    counts.set(grades[row]!, own);
    for (const map of [own, all]) map.set(data[row]!, (map.get(data[row]!) ?? 0) + 1);
  }
  const commonest = (map: ReadonlyMap<number, number>): number => [...map.values()].reduce((a, b) => Math.max(a, b), 0);
  const wrong = rows.length - commonest(all);
  if (wrong === 0) return null;
  const known = [...counts.values()].reduce((sum, own) => sum + commonest(own), 0);
  return (rows.length - known) / wrong;
}
