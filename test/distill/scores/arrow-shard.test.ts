import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canCompress, decodeShard, encodeShard, type ShardLayout } from "../../../src/distill/scores/arrow-shard.ts";
import type { ScoreColumns } from "../../../src/distill/scores/score-columns.ts";
import { packTexts, takeTexts, unpackTexts } from "../../../src/distill/scores/text-column.ts";
import { ConfigError, DataError } from "../../../src/errors.ts";
import { columnsOf, pairOf } from "./small-store.ts";

const layout: ShardLayout = { keys: ["row", "user", "item"], heads: ["ctr", "ctcvr"], dtype: "float32" };

const shards = fc
  .array(
    fc.record({
      row: fc.nat(2 ** 50),
      request: fc.string(),
      user: fc.string({ unit: "grapheme" }),
      item: fc.string(),
      rank: fc.nat(1000),
      ctr: fc.float({ noNaN: true, noDefaultInfinity: true }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((pairs): ScoreColumns => ({ ...columnsOf(pairs), request: packTexts(pairs.map(({ request }) => request)) }));

const plain = ({ user, item, request, ...rest }: ScoreColumns): unknown => ({
  ...rest,
  user: user && unpackTexts(user),
  item: item && unpackTexts(item),
  request: request && unpackTexts(request),
});

describe("a shard", () => {
  it("reads back as it was written", () => {
    fc.assert(
      fc.property(shards, (columns) => {
        const all: ShardLayout = { ...layout, keys: ["row", "request", "user", "item", "rank"] };
        const { ctr, ctcvr } = columns.scores;
        // Infinity - 1 and the like cannot be written; arrays of other widths are views of padded buffers.
        const finite = { ...columns, scores: { ctr: ctr!, ctcvr: ctcvr!.map((x) => (Number.isFinite(x) ? x : 0)) } };
        expect(plain(decodeShard("s", encodeShard(finite, all), all))).toEqual(plain(finite));
      }),
    );
  });

  it("is an Arrow file that any reader understands", () => {
    const table = tableFromIPC(encodeShard(columnsOf([pairOf(1), pairOf(2)]), { ...layout, dtype: "float16" }));
    expect(table.schema.fields.map(({ name, type, nullable }) => `${name} ${type} ${nullable}`)).toEqual([
      "row Int64 false",
      "user Utf8 false",
      "item Utf8 false",
      "ctr Float16 false",
      "ctcvr Float16 false",
    ]);
    expect(table.toArray().map((row) => [row.row, row.user, row.item])).toEqual([
      [1n, "u1", "i1"],
      [2n, "u2", "i2"],
    ]);
    expect(table.schema.metadata.get("twinstill.rows")).toBe("2");
  });

  it("keeps scores as float16 where that is asked for, and refuses those that do not fit", () => {
    const half: ShardLayout = { ...layout, dtype: "float16" };
    const read = decodeShard("s", encodeShard(columnsOf([{ ...pairOf(1), ctr: 0.1 }]), half), half);
    expect(read.scores.ctr![0]).toBe(0.0999755859375);
    expect(() => encodeShard(columnsOf([{ ...pairOf(1), ctr: -70_000 }]), half)).toThrow(
      new DataError(
        'score store: scores of "ctr" must be within 65504 for float16, got -70000; set score.dtype: float32',
      ),
    );
  });

  it("refuses a column of another type, and one that is not there", () => {
    const bytes = encodeShard(columnsOf([pairOf(1)]), layout);
    expect(() => decodeShard("s.arrow", bytes, { ...layout, dtype: "float16" })).toThrow(
      new DataError('s.arrow: column "ctr" must be Float16 without nulls, got Float32 with 0 nulls'),
    );
    expect(() => decodeShard("s.arrow", bytes, { ...layout, keys: ["rank"] })).toThrow(
      new DataError('s.arrow: column "rank" must be Int32 without nulls, got none'),
    );
    expect(() => decodeShard("s.arrow", bytes.subarray(0, 200), layout)).toThrow(DataError);
  });

  it("refuses a message that the library would read as another one, again and again", () => {
    const whole = encodeShard(columnsOf([pairOf(1)]), layout);
    const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
    const words = Array.from({ length: whole.length >> 2 }, (_, i) => 4 * i).filter(
      (at) => view.getInt32(at, true) === -1,
    );
    const messages = words.map((at) => {
      const bytes = Uint8Array.from(whole).fill(0, at, at + 4);
      try {
        return String(decodeShard("s", bytes, layout).rows);
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages).toContainEqual(
      expect.stringMatching(
        /^s: shard must be a whole Arrow file, got: a record batch without its own length at byte \d+$/,
      ),
    );
  });

  it.runIf(canCompress)("compresses by zstd where Node can", () => {
    const columns = columnsOf(Array.from({ length: 500 }, (_, row) => pairOf(row)));
    const small = encodeShard(columns, layout, "zstd");
    expect(small.byteLength).toBeLessThan(encodeShard(columns, layout).byteLength / 2);
    expect(plain(decodeShard("s", small, layout))).toEqual(plain(columns));
  });

  it.runIf(!canCompress)("says that this Node cannot compress", () => {
    expect(() => encodeShard(columnsOf([pairOf(1)]), layout, "zstd")).toThrow(
      new ConfigError(
        `score.compression: zstd needs Node >= 22.15, got ${process.version}; set score.compression: none`,
      ),
    );
  });
});

describe("texts", () => {
  it("are taken from a dictionary without being decoded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }),
        fc.array(fc.nat(1000)),
        (texts, picks) => {
          const places = Int32Array.from(picks, (pick) => pick % texts.length);
          expect(unpackTexts(takeTexts(packTexts(texts), places))).toEqual(Array.from(places, (place) => texts[place]));
        },
      ),
    );
  });
});
