// Builders gather the cells of one column over all chunks and files: each cell is checked once, here.
import { DataError } from "../errors.ts";
import { internValues } from "./intern-values.ts";
import { parseNumber, parseTime } from "./parse-cell.ts";
import type { RawColumn } from "./raw-column.ts";
import type { Cells } from "./table-chunk.ts";

const VALUE = "text, integers or booleans";

/** How the cells of one column are read. */
export interface CellRules {
  readonly storage: RawColumn["storage"];
  /** A missing value is kept; otherwise it is an error. */
  readonly keepMissing: boolean;
  /** Numbers: ISO 8601 dates are read as milliseconds since 1970. */
  readonly dates: boolean;
  /** Lists: what separates the values of a text cell. */
  readonly separator?: string;
}

/** Where a cell is, for messages: `<file> row 3` or `<file> line 4`. */
export type Locate = (cell: number) => string;

/** Gathers the cells of one column. */
export interface ColumnBuilder {
  /** @throws {DataError} a cell has the wrong type, is not finite, or is missing where that is an error. */
  append(cells: Cells, options: { readonly count: number; readonly isText: boolean; readonly locate: Locate }): void;
  finish(): RawColumn;
}

/** A builder for the column `name`. */
export function columnBuilder(name: string, rules: CellRules): ColumnBuilder {
  switch (rules.storage) {
    case "numbers":
      return numberBuilder(name, rules);
    case "categories":
      return categoryBuilder(name, rules);
    case "lists":
      return listBuilder(name, rules);
  }
}

function numberBuilder(name: string, rules: CellRules): ColumnBuilder {
  let values = new Float64Array(0);
  let rows = 0;
  return {
    append(cells, { count, isText, locate }) {
      values = grown(values, rows + count, Float64Array);
      const toNumber = isText ? parseNumber : typedNumber;
      for (let i = 0; i < count; i++) {
        const cell = cells[i];
        let value = typeof cell === "number" ? cell : toNumber(cell);
        if (value === undefined && rules.dates && typeof cell === "string") value = parseTime(cell);
        if (value === null) {
          if (!rules.keepMissing) throw missing(name, locate(i));
          value = Number.NaN;
        } else if (value === undefined || !Number.isFinite(value)) throw notANumber(name, cell, locate(i));
        values[rows + i] = value;
      }
      rows += count;
    },
    finish: () => ({ storage: "numbers", values: values.subarray(0, rows) }),
  };
}

function categoryBuilder(name: string, rules: CellRules): ColumnBuilder {
  const interned = internValues();
  let codes = new Int32Array(0);
  let rows = 0;
  return {
    append(cells, { count, locate }) {
      codes = grown(codes, rows + count, Int32Array);
      for (let i = 0; i < count; i++) {
        const cell = cells[i];
        const code = interned.codeOf(cell);
        if (code < 0) {
          if (!isMissing(cell)) throw wrongType(name, cell, { where: locate(i), expected: VALUE });
          if (!rules.keepMissing) throw missing(name, locate(i));
        }
        codes[rows + i] = code;
      }
      rows += count;
    },
    finish: () => ({ storage: "categories", codes: codes.subarray(0, rows), values: interned.values }),
  };
}

function listBuilder(name: string, rules: CellRules): ColumnBuilder {
  const interned = internValues();
  let offsets = new Int32Array(1);
  let codes = new Int32Array(0);
  let rows = 0;
  return {
    append(cells, { count, isText, locate }) {
      offsets = grown(offsets, rows + count + 1, Int32Array);
      for (let i = 0; i < count; i++) {
        const list = cellList(cells[i], isText ? rules.separator : undefined);
        if (list === undefined) {
          if (!isMissing(cells[i]))
            throw wrongType(name, cells[i], { where: locate(i), expected: `lists of ${VALUE}` });
          if (!rules.keepMissing) throw missing(name, locate(i));
        }
        const start = offsets[rows + i]!;
        const length = list?.length ?? 0;
        codes = grown(codes, start + length, Int32Array);
        for (let j = 0; j < length; j++) {
          const code = interned.codeOf(list![j]);
          if (code < 0) throw wrongType(name, list![j], { where: locate(i), expected: `lists of ${VALUE}` });
          codes[start + j] = code;
        }
        offsets[rows + i + 1] = start + length;
      }
      rows += count;
    },
    finish: () => ({
      storage: "lists",
      offsets: offsets.subarray(0, rows + 1),
      codes: codes.subarray(0, offsets[rows]!),
      values: interned.values,
    }),
  };
}

/** The number that a typed cell holds; null where it is missing, undefined where it is no number. */
function typedNumber(cell: unknown): number | null | undefined {
  if (isMissing(cell)) return null;
  if (typeof cell === "boolean") return Number(cell);
  if (cell instanceof Date) return cell.getTime();
  if (typeof cell !== "bigint") return undefined;
  const value = Number(cell);
  return Number.isSafeInteger(value) ? value : undefined;
}

function cellList(cell: unknown, separator: string | undefined): ArrayLike<unknown> | undefined {
  if (typeof cell === "string") return separator === undefined ? undefined : cell.split(separator);
  return Array.isArray(cell) || ArrayBuffer.isView(cell) ? (cell as unknown as ArrayLike<unknown>) : undefined;
}

function isMissing(cell: unknown): boolean {
  return cell === null || cell === undefined;
}

function wrongType(
  name: string,
  cell: unknown,
  { where, expected }: { readonly where: string; readonly expected: string },
): DataError {
  return new DataError(`${where}: column ${JSON.stringify(name)} must hold ${expected}, got ${show(cell)}`);
}

function missing(name: string, where: string): DataError {
  const cure = "set missing: for the column in data.columns, or drop the row";
  return new DataError(`${where}: column ${JSON.stringify(name)} must have a value, got a missing one; ${cure}`);
}

function notANumber(name: string, cell: unknown, where: string): DataError {
  return new DataError(`${where}: column ${JSON.stringify(name)} must hold finite numbers, got ${show(cell)}`);
}

function show(cell: unknown): string {
  if (typeof cell === "string") return JSON.stringify(cell.length > 60 ? `${cell.slice(0, 60)}...` : cell);
  if (typeof cell === "object" && cell !== null) return `a value of type ${cell.constructor?.name ?? "object"}`;
  return String(cell);
}

interface GrowableArray<T> {
  readonly length: number;
  set(values: T): void;
}

function grown<T extends GrowableArray<T>>(array: T, length: number, type: new (length: number) => T): T {
  if (array.length >= length) return array;
  const larger = new type(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
