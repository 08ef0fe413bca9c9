import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { writeParquet } from "./write-parquet.ts";

/** Rows that the data set is known to have. */
const ROWS = 100_000;

/**
 * Writes MovieLens-100k as one Parquet file of ratings with the features of users and films beside them.
 *
 * @param folder - has ml-100k.inter, ml-100k.user and ml-100k.item: tab-separated, a header of `name:type`.
 * @throws {DataError} a file is missing or not what it should be.
 */
export async function writeMovieLens(folder: string, target: string, { rows = ROWS } = {}): Promise<void> {
  const ratings = await readAtomic(join(folder, "ml-100k.inter"), ["user_id", "item_id", "rating", "timestamp"]);
  const users = await readAtomic(join(folder, "ml-100k.user"), ["user_id", "age", "gender", "occupation", "zip_code"]);
  const films = await readAtomic(join(folder, "ml-100k.item"), ["item_id", "release_year", "class"]);
  if (ratings.length !== rows)
    throw new DataError(`ml-100k.inter: file must have ${rows} ratings, got ${ratings.length}`);
  const userOf = new Map(users.map((row) => [row[0]!, row]));
  const filmOf = new Map(films.map((row) => [row[0]!, row]));
  const of = (known: ReadonlyMap<string, readonly string[]>, id: string, what: string): readonly string[] => {
    const found = known.get(id);
    if (found === undefined) throw new DataError(`ml-100k.inter: ${what} must be one of its file, got "${id}"`);
    return found;
  };
  const number = (text: string): number => Number(text);
  const decade = (year: string): string => (/^\d{4}$/.test(year) ? `${year.slice(0, 3)}0` : "unknown");
  const user = ratings.map(([id]) => of(userOf, id!, "user"));
  const film = ratings.map(([, id]) => of(filmOf, id!, "film"));
  await writeParquet(target, [
    { name: "user", type: "int32", values: ratings.map(([id]) => number(id!)) },
    { name: "film", type: "int32", values: ratings.map(([, id]) => number(id!)) },
    { name: "rating", type: "int32", values: ratings.map(([, , rating]) => number(rating!)) },
    { name: "time", type: "int32", values: ratings.map(([, , , time]) => number(time!)) },
    { name: "age", type: "int32", values: user.map((row) => number(row[1]!)) },
    { name: "gender", type: "string", values: user.map((row) => row[2]!) },
    { name: "occupation", type: "string", values: user.map((row) => row[3]!) },
    { name: "decade", type: "string", values: film.map((row) => decade(row[1]!)) },
    { name: "genres", type: "string-list", values: film.map((row) => row[2]!.split(" ").filter(Boolean)) },
  ]);
}

/** The wanted columns of a tab-separated file whose header names types too. */
async function readAtomic(path: string, columns: readonly string[]): Promise<readonly (readonly string[])[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new DataError(`${path}: the file must be readable, got ${(error as NodeJS.ErrnoException).code}`);
  }
  const [header = "", ...lines] = text.split(/\r?\n/).filter((line) => line !== "");
  const names = header.split("\t").map((name) => name.split(":")[0]);
  const places = columns.map((column) => names.indexOf(column));
  if (places.includes(-1))
    throw new DataError(`${path}: header must name ${columns.join(", ")}, got ${names.join(", ")}`);
  return lines.map((line, i) => {
    const cells = line.split("\t");
    if (cells.length !== names.length)
      throw new DataError(`${path} line ${i + 2}: line must have ${names.length} cells, got ${cells.length}`);
    return places.map((place) => cells[place]!);
  });
}
