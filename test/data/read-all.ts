import type { TableChunk } from "../../src/data/table-chunk.ts";

/** All chunks as plain columns: typed arrays and Arrow vectors become arrays, dates become milliseconds. */
export async function readAll(chunks: AsyncIterable<TableChunk>): Promise<{
  rows: number;
  chunks: number;
  columns: Record<string, unknown[]>;
  lines: number[];
}> {
  const whole = { rows: 0, chunks: 0, columns: {} as Record<string, unknown[]>, lines: [] as number[] };
  for await (const chunk of chunks) {
    if (chunk.firstRow !== whole.rows) throw new Error(`chunk begins at ${chunk.firstRow}, not at ${whole.rows}`);
    for (const [name, cells] of chunk.columns) {
      const own = whole.columns[name] ?? [];
      for (let i = 0; i < chunk.rows; i++) own.push(plain(cells[i]));
      whole.columns[name] = own;
    }
    whole.lines.push(...(chunk.lines ?? []));
    whole.rows += chunk.rows;
    whole.chunks++;
  }
  return whole;
}

function plain(cell: unknown): unknown {
  if (cell === undefined) return null;
  if (cell instanceof Date) return cell.getTime();
  if (Array.isArray(cell) || ArrayBuffer.isView(cell)) return Array.from(cell as unknown as ArrayLike<unknown>, plain);
  return cell;
}
