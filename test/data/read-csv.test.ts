import { writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCsv } from "../../src/data/read-csv.ts";
import { DataError } from "../../src/errors.ts";
import { readAll } from "./read-all.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

function file(text: string, name = "t.csv"): string {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
}

const read = (text: string, columns: string[], delimiter = ",") => readAll(readCsv(file(text), columns, { delimiter }));

describe("readCsv", () => {
  it("reads the wanted columns in the wanted order", async () => {
    const table = await read("a,b,c\n1,2,3\n4,5,6\n", ["c", "a"]);
    expect(table.columns).toEqual({ c: ["3", "6"], a: ["1", "4"] });
    expect(table.lines).toEqual([2, 3]);
  });

  it("takes a byte order mark, CRLF, quotes, a missing last line break, and names lines through all of it", async () => {
    const table = await read('\ufeffa,b\r\n"x,y","say ""hi"""\r\n\r\n"two\r\nlines",\r\nlast,z', ["a", "b"]);
    expect(table.columns).toEqual({ a: ["x,y", "two\r\nlines", "last"], b: ['say "hi"', null, "z"] });
    expect(table.lines).toEqual([2, 4, 6]);
  });

  it("reads tab-separated text, where commas are text", async () => {
    expect((await read("a\tb\n1,5\t2\n", ["a", "b"], "\t")).columns).toEqual({ a: ["1,5"], b: ["2"] });
  });

  it("reads many chunks", async () => {
    const rows = 20_001;
    const text = `id\tv\n${Array.from({ length: rows }, (_, i) => `${i}\t${i * 2}\n`).join("")}`;
    const table = await read(text, ["v", "id"], "\t");
    expect(table.chunks).toBe(3);
    expect(table.columns.id).toEqual(Array.from({ length: rows }, (_, i) => String(i)));
    expect(table.lines.at(-1)).toBe(rows + 1);
  });

  it("gives back any text that was quoted", async () => {
    const field = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => !text.includes("\r"));
    const rows = fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(rows, async (values) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = `a,b\n${values.map((row) => row.map(quote).join(",")).join("\n")}\n`;
        const { columns } = await read(text, ["a", "b"]);
        expect(columns.a).toEqual(values.map(([a]) => a || null));
        expect(columns.b).toEqual(values.map(([, b]) => b || null));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ["an empty file", "", "the file must begin with a header line, got an empty file"],
    ["a short row", "a,b\n1,2\n3\n", "line 3: a row must have 2 fields like the header, got 1; put quotes"],
    ["a long row", "a,b\n1,2,3\n", "line 2: a row must have 2 fields like the header, got 3; put quotes"],
    [
      "a quote that is not closed",
      'a,b\n1,"2\n3,4\n',
      "every quote must be closed, got the end of the file within one",
    ],
    [
      "text after a closing quote",
      'a,b\n"1"x,2\n',
      "the file must be a whole text table file, got: Invalid Closing Quote",
    ],
    ["a missing column", "a,c\n1,2\n", 'column "b" must be there, got a, c'],
    ["a column twice", "a,b,a\n1,2,3\n", 'column names must differ, got "a" twice'],
    ["an empty name", "a,b,\n1,2,3\n", "column names must not be empty, got an empty name at column 3"],
  ])("refuses %s", async (_, text, message) => {
    const attempt = read(text, ["a", "b"]);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(path.join(folder, "t.csv"));
  });

  it("names a file that cannot be opened", async () => {
    const gone = path.join(folder, "gone.csv");
    const attempt = readAll(readCsv(gone, ["a"], { delimiter: "," }));
    await expect(attempt).rejects.toThrow(`${gone}: the file must be readable, got ENOENT`);
  });

  it("cut anywhere, is an error or a prefix: no row is invented or changed but the last", async () => {
    const text = 'a,b\n1,"x\ny"\n22,z\n333,"q,r"\n';
    const whole = await read(text, ["a", "b"]);
    for (let cut = 1; cut < text.length; cut++) {
      const table = await read(text.slice(0, cut), ["a", "b"]).catch((error: unknown) => error);
      if (table instanceof DataError) continue;
      const { columns, rows } = table as typeof whole;
      for (const name of ["a", "b"]) {
        expect(columns[name]?.slice(0, -1) ?? []).toEqual(whole.columns[name]!.slice(0, Math.max(0, rows - 1)));
      }
    }
  });
});
