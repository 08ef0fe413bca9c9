import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../src/data/make-batch.ts";
import { openText } from "./open-text.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-corpus-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = "u,i,c,y\na,x,red,1\nb,y,blue,0\na,y,blue,1\n";
const COLUMNS = { c: { role: "item", kind: "categorical" } } as const;

function open(corpus: string, columns: object = COLUMNS) {
  writeFileSync(join(folder, "items.csv"), corpus);
  return openText(folder, ROWS, { items: "items.csv", columns: columns as typeof COLUMNS });
}

describe("data.items", () => {
  it("adds the items that no row has, behind the others, with their features", async () => {
    const dataset = await open("i,c\nz,red\nx,red\nw,green\n");
    expect(dataset.items.ids).toEqual(["x", "y", "z", "w"]);
    expect([...dataset.items.trainCount]).toEqual([1, 2, 0, 0]);
    // Rows 0 padding and 1 out of vocabulary: z and w share the latter, and green was in no training row.
    expect([...dataset.items.features.get("i")!.data]).toEqual([2, 3, 1, 1]);
    expect([...dataset.items.features.get("c")!.data]).toEqual([2, 3, 2, 1]);
  });

  it("gives them rows of their own where the vocabulary holds the corpus", async () => {
    const columns = {
      i: { role: "item", kind: "id", vocabulary: { kind: "built", corpus: true } },
      c: { role: "item", kind: "categorical", vocabulary: { kind: "built", corpus: true } },
    };
    const dataset = await open("i,c\nz,red\nx,red\nw,green\n", columns);
    expect([...dataset.items.features.get("i")!.data]).toEqual([2, 3, 4, 5]);
    expect([...dataset.items.features.get("c")!.data]).toEqual([2, 3, 2, 4]);
    expect(dataset.features.find(({ name }) => name === "i")).toMatchObject({ vocabularySize: 6 });
    expect(dataset.encoding.columns.i).toEqual({ kind: "built", values: ["x", "y", "z", "w"] });
  });

  it("are drawn as negatives alike, never by frequency", async () => {
    const dataset = await open("i,c\nz,red\nw,green\n");
    const drawn = (kind: "random" | "frequency"): Set<string> => {
      const spec = {
        rows: dataset.parts.train,
        size: 3,
        shuffle: false,
        seed: 1,
        labels: ["click"],
        negatives: { kind, count: 20, excludeKnown: false },
      } as const;
      const { data, shape } = makeBatch(dataset, spec, 0, 0)["item/c"]!;
      return new Set(Array.from({ length: shape[0]! * shape[1]! }, (_, i) => String(data[i])));
    };
    expect(drawn("random")).toContain("1");
    expect(drawn("frequency")).not.toContain("1");
  });

  it.each([
    ["i,c\nz,red\nz,red\n", 'items.csv line 3: data.items must name each item once, got "z" again'],
    ["i\nz\n", '"c"'],
  ])("%j: %s", async (corpus, message) => {
    await expect(open(corpus)).rejects.toThrow(message);
  });
});
