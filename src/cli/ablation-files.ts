import { join } from "node:path";
import type { WriteColumn } from "../data/write-column.ts";
import { writeParquet } from "../data/write-parquet.ts";
import { writeTextAtomically } from "../files/atomic-write.ts";
import { type FileLayer, nodeFiles } from "../files/file-layer.ts";
import { writeJson } from "../files/json-file.ts";
import {
  type AblationTables,
  ablationMarkdown,
  ablationRecords,
  type FlatRecord,
  toCsv,
} from "../report/ablation-table.ts";

/** Version of an ablation's results.json. */
const FORMAT = 1;

/** Writes results.md, .csv, .parquet and .json into an ablation's folder. */
export async function writeAblation(
  out: string,
  { file, ...tables }: AblationTables & { readonly file: string },
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<{ readonly records: readonly FlatRecord[]; readonly markdown: string }> {
  const records = ablationRecords(tables.results);
  const markdown = ablationMarkdown(tables);
  await writeTextAtomically(join(out, "results.md"), `# ${file}\n\n${markdown}`, { files });
  await writeTextAtomically(join(out, "results.csv"), toCsv(records), { files });
  await writeParquet(join(out, "results.parquet"), recordColumns(records), { files });
  await writeJson(join(out, "results.json"), { format: FORMAT, ...tables }, files);
  return { records, markdown };
}

function recordColumns(records: readonly FlatRecord[]): WriteColumn[] {
  return Object.keys(records[0]!).map((name) => {
    const values = records.map((record) => record[name]!);
    const numeric = values.every((value) => value === null || typeof value === "number");
    return numeric
      ? { name, type: "float64", values: values as (number | null)[] }
      : { name, type: "string", values: values.map((value) => (value === null ? null : String(value))) };
  });
}
