import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, expect, it } from "vitest";
import { writeMovieLens } from "../../src/data/ml-100k.ts";
import { runCommand } from "../cli/run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "twinstill-ml-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const write = (name: string, ...lines: readonly string[]): void =>
  writeFileSync(join(folder, name), `${lines.map((line) => line.replaceAll(" | ", "\t")).join("\n")}\n`);
const INTER = "user_id:token | item_id:token | rating:float | timestamp:float";

it("puts the features of users and films beside each rating", async () => {
  write("ml-100k.inter", INTER, "7 | 2 | 5 | 881250949", "8 | 3 | 1 | 881250950");
  write(
    "ml-100k.user",
    "user_id:token | age:token | gender:token | occupation:token | zip_code:token",
    "7 | 24 | M | technician | 1",
    "8 | 53 | F | other | 2",
  );
  write(
    "ml-100k.item",
    "item_id:token | movie_title:token_seq | release_year:token | class:token_seq",
    "2 | GoldenEye | 1995 | Action Thriller",
    "3 | unknown |  | unknown",
  );
  const target = join(folder, "out.parquet");
  await writeMovieLens(folder, target, { rows: 2 });
  expect(await parquetReadObjects({ file: await asyncBufferFromFile(target) })).toEqual([
    {
      user: 7,
      film: 2,
      rating: 5,
      time: 881250949,
      age: 24,
      gender: "M",
      occupation: "technician",
      decade: "1990",
      genres: ["Action", "Thriller"],
    },
    {
      user: 8,
      film: 3,
      rating: 1,
      time: 881250950,
      age: 53,
      gender: "F",
      occupation: "other",
      decade: "unknown",
      genres: ["unknown"],
    },
  ]);
});

it("refuses files that are not what they should be", async () => {
  const target = join(folder, "none.parquet");
  await expect(writeMovieLens(folder, target)).rejects.toThrow("file must have 100000 ratings, got 2");
  write("ml-100k.inter", INTER, "9 | 2 | 5 | 1");
  await expect(writeMovieLens(folder, target, { rows: 1 })).rejects.toThrow('user must be one of its file, got "9"');
  write("ml-100k.inter", INTER, "7 | 2 | 5");
  await expect(writeMovieLens(folder, target, { rows: 1 })).rejects.toThrow("line 2: line must have 4 cells, got 3");
  write("ml-100k.inter", "user | film", "7 | 2");
  await expect(writeMovieLens(folder, target, { rows: 1 })).rejects.toThrow(
    "header must name user_id, item_id, rating, timestamp, got user, film",
  );
});

it("shows the licence, and fetches nothing before it is agreed to", async () => {
  const { code, err, out } = await runCommand(["dataset", "ml-100k", "--out", join(folder, "agreed")]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/may not be redistributed[\s\S]*licence must be agreed to, got no agreement/);
});
