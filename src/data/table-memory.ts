// R = rows
import { DataError } from "../errors.ts";
import { type MemoryShare, memoryProblem } from "../memory-limit.ts";
import { cellRules } from "./cell-rules.ts";
import { type ColumnConfig, isFeature } from "./column-config.ts";

type Columns = Readonly<Record<string, ColumnConfig>>;

const CURE = "leave out columns, name fewer files, or use a machine with more memory";

/** What R rows take as they are read: 8 bytes a number, 4 a code; the values that codes stand for are not counted. */
export function rawTableShares(rows: number, columns: Columns): readonly MemoryShare[] {
  return Object.entries(columns).map(([name, column]) => ({
    name: `column ${JSON.stringify(name)} as read`,
    bytes: rows * (cellRules(column).storage === "numbers" ? 8 : 4),
  }));
}

/** What R rows take when they are encoded: 4 bytes an id or number, as many as the greatest length of a multi-valued feature. */
export function encodedShares(rows: number, columns: Columns): readonly MemoryShare[] {
  return Object.entries(columns).flatMap(([name, column]) =>
    isFeature(column)
      ? [
          {
            name: `column ${JSON.stringify(name)} encoded`,
            bytes: 4 * rows * (column.kind === "multi" ? column.maxLength : 1),
          },
        ]
      : [],
  );
}

/** @throws {DataError} these rows cannot be in memory. */
export function assertTableFits(where: string, shares: readonly MemoryShare[], limit?: number): void {
  const problem = memoryProblem({ where, shares, cure: CURE, ...(limit !== undefined && { limit }) });
  if (problem !== undefined) throw new DataError(problem);
}
