// Makes insteval.parquet from the table as comma-separated text with the header s,d,studage,lectage,service,dept,y
// (in R: write.csv(lme4::InstEval, "InstEval.csv", quote = FALSE, row.names = FALSE)):
//   npx tsx examples/data/insteval/convert.ts InstEval.csv examples/data/insteval/insteval.parquet
import { readCsv } from "../../../src/data/read-csv.ts";
import { writeParquet } from "../../../src/data/write-parquet.ts";

const COLUMNS = ["s", "d", "studage", "lectage", "service", "dept", "y"];

const [source, target] = process.argv.slice(2);
if (source === undefined || target === undefined) throw new Error("usage: convert.ts InstEval.csv insteval.parquet");

const values = new Map(COLUMNS.map((name): [string, number[]] => [name, []]));
for await (const chunk of readCsv(source, COLUMNS, { delimiter: "," })) {
  for (const name of COLUMNS) {
    for (const cell of chunk.columns.get(name) as ArrayLike<string> & Iterable<string>) {
      values.get(name)!.push(Number(cell));
    }
  }
}
const columns = COLUMNS.map((name) => ({ name, type: "int32" as const, values: Int32Array.from(values.get(name)!) }));
await writeParquet(target, columns, { codec: "gzip" });
