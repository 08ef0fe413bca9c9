import { ConfigError, DataError } from "../errors.ts";
import type { Expression, Operation } from "./expression.ts";
import { parseNumber } from "./parse-cell.ts";
import type { CategoryColumn, RawColumn } from "./raw-column.ts";

/** The expression's value at a row; 1 and 0 for true and false. */
export type RowValue = (row: number) => number;

/** Options of compileExpression. */
export interface CompileOptions {
  readonly columns: ReadonlyMap<string, RawColumn>;
  /** The setting that holds the expression, for messages. */
  readonly where: string;
  /** Names a row, for messages. */
  readonly locate: (row: number) => string;
}

type Unary = (a: number) => number;
type Binary = (a: number, b: number) => number;

const UNARY: Readonly<Partial<Record<Operation, Unary>>> = {
  unaryMinus: (a) => -a,
  unaryPlus: (a) => a,
  abs: Math.abs,
  log: Math.log,
  exp: Math.exp,
  sqrt: Math.sqrt,
  // Halves go away from zero, as in mathjs.
  round: (a) => Math.sign(a) * Math.round(Math.abs(a)),
  floor: Math.floor,
  ceil: Math.ceil,
  min: (a) => a,
  max: (a) => a,
};

const BINARY: Readonly<Partial<Record<Operation, Binary>>> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  pow: (a, b) => a ** b,
  // The sign is the divisor's, as in mathjs.
  mod: (a, b) => (b === 0 ? a : a - b * Math.floor(a / b)),
  log: (a, base) => Math.log(a) / Math.log(base),
  min: Math.min,
  max: Math.max,
};

const COMPARE: Readonly<Partial<Record<Operation, Binary>>> = {
  equal: (a, b) => (a === b ? 1 : 0),
  unequal: (a, b) => (a === b ? 0 : 1),
  smaller: (a, b) => (a < b ? 1 : 0),
  smallerEq: (a, b) => (a <= b ? 1 : 0),
  larger: (a, b) => (a > b ? 1 : 0),
  largerEq: (a, b) => (a >= b ? 1 : 0),
};

/**
 * Turns an expression into a function of the row. Comparisons are exact; any number but 0 counts as true; `and` and
 * `or` look at their right side only when they must, so that `not isnull(x) and x > 3` is safe.
 *
 * The function throws a DataError that names the row where a missing value is used, where arithmetic gives no finite
 * number, and where a value that is no number is used as one.
 *
 * @throws {ConfigError} text is used other than in == and !=, or a multi-valued column is used.
 */
export function compileExpression(expression: Expression, options: CompileOptions): RowValue {
  switch (expression.kind) {
    case "number": {
      const { value } = expression;
      return () => value;
    }
    case "text":
      throw misused(`text ${JSON.stringify(expression.value)}`, options);
    case "column":
      return columnValue(expression.name, options);
    case "call":
      return call(expression.operation, expression.operands, options);
  }
}

function call(operation: Operation, operands: readonly Expression[], options: CompileOptions): RowValue {
  if (operation === "isnull") return isNull(operands[0]!, options);
  if (operation === "equal" || operation === "unequal") {
    const equality = textEquality(operands, options);
    if (equality !== undefined) return operation === "equal" ? equality : (row) => 1 - equality(row);
  }
  const [a, ...rest] = operands.map((operand) => compileExpression(operand, options));
  const b = rest[0];
  if (operation === "not") return (row) => (a!(row) === 0 ? 1 : 0);
  if (operation === "and") return (row) => (a!(row) !== 0 && b!(row) !== 0 ? 1 : 0);
  if (operation === "or") return (row) => (a!(row) !== 0 || b!(row) !== 0 ? 1 : 0);
  if (operation === "xor") return (row) => ((a!(row) !== 0) !== (b!(row) !== 0) ? 1 : 0);
  const compare = COMPARE[operation];
  if (compare !== undefined) return (row) => compare(a!(row), b!(row));
  return arithmetic(operation, [a!, ...rest], options);
}

function arithmetic(operation: Operation, operands: readonly RowValue[], options: CompileOptions): RowValue {
  const finite = (value: number, row: number): number => {
    if (Number.isFinite(value)) return value;
    throw new DataError(
      `${options.locate(row)}: ${operation} in ${options.where} must give a finite number, got ${value}`,
    );
  };
  const [first, ...rest] = operands;
  if (rest.length === 0) {
    const unary = UNARY[operation]!;
    return (row) => finite(unary(first!(row)), row);
  }
  const binary = BINARY[operation]!;
  return rest.reduce((left, right) => (row) => finite(binary(left(row), right(row)), row), first!);
}

function columnValue(name: string, options: CompileOptions): RowValue {
  const column = options.columns.get(name)!;
  const fail = (row: number, got: string): never => {
    const cure = "guard it with isnull(...)";
    const rule = `column ${JSON.stringify(name)} must be a number in ${options.where}`;
    throw new DataError(`${options.locate(row)}: ${rule}, got ${got}${got === MISSING ? `; ${cure}` : ""}`);
  };
  switch (column.storage) {
    case "numbers": {
      const { values } = column;
      return (row) => {
        const value = values[row]!;
        return Number.isNaN(value) ? fail(row, MISSING) : value;
      };
    }
    case "categories": {
      const { codes, values } = column;
      const numbers = Float64Array.from(values, (value) => parseNumber(value) ?? Number.NaN);
      return (row) => {
        const code = codes[row]!;
        if (code < 0) return fail(row, MISSING);
        const value = numbers[code]!;
        return Number.isNaN(value) ? fail(row, JSON.stringify(values[code])) : value;
      };
    }
    case "lists":
      throw misused(`the multi-valued column ${JSON.stringify(name)}`, options);
  }
}

const MISSING = "a missing value";

function isNull(operand: Expression, { columns }: CompileOptions): RowValue {
  const column = columns.get(operand.kind === "column" ? operand.name : "")!;
  switch (column.storage) {
    case "numbers":
      return (row) => (Number.isNaN(column.values[row]!) ? 1 : 0);
    case "categories":
      return (row) => (column.codes[row]! < 0 ? 1 : 0);
    case "lists":
      return (row) => (column.offsets[row + 1]! === column.offsets[row]! ? 1 : 0);
  }
}

/** Equality by text, where one side is text or both are columns of categories; undefined where it is by number. */
function textEquality(operands: readonly Expression[], options: CompileOptions): RowValue | undefined {
  const [a, b] = operands as [Expression, Expression];
  if (a.kind === "text" && b.kind !== "text") return textEquality([b, a], options);
  const left = categoryOf(a, options);
  if (b.kind === "text") {
    if (left === undefined) throw misused(`text ${JSON.stringify(b.value)} compared with a number`, options);
    const wanted = left.column.values.indexOf(b.value);
    return (row) => (presentCode(left, row, options) === wanted ? 1 : 0);
  }
  const right = categoryOf(b, options);
  if (left === undefined || right === undefined) return undefined;
  return (row) => {
    const leftValue = left.column.values[presentCode(left, row, options)];
    return leftValue === right.column.values[presentCode(right, row, options)] ? 1 : 0;
  };
}

interface NamedCategory {
  readonly name: string;
  readonly column: CategoryColumn;
}

function categoryOf(expression: Expression, { columns }: CompileOptions): NamedCategory | undefined {
  if (expression.kind !== "column") return undefined;
  const column = columns.get(expression.name)!;
  return column.storage === "categories" ? { name: expression.name, column } : undefined;
}

function presentCode({ name, column }: NamedCategory, row: number, { locate, where }: CompileOptions): number {
  const code = column.codes[row]!;
  if (code >= 0) return code;
  const rule = `column ${JSON.stringify(name)} must have a value in ${where}`;
  throw new DataError(`${locate(row)}: ${rule}, got ${MISSING}; guard it with isnull(...)`);
}

function misused(what: string, { where }: CompileOptions): ConfigError {
  return new ConfigError(
    `${where}: text must be compared by == or != with a column of kind id or categorical, lists not at all, got ${what}`,
  );
}
