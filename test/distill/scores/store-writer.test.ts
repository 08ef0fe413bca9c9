import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openStore, readShards } from "../../../src/distill/scores/open-store.ts";
import { openStoreWriter } from "../../../src/distill/scores/store-writer.ts";
import { unpackTexts } from "../../../src/distill/scores/text-column.ts";
import { ConfigError, DataError } from "../../../src/errors.ts";
import { nodeFiles } from "../../../src/files/file-layer.ts";
import { failingFiles } from "../../files/failing-files.ts";
import { temporaryFolder } from "../../run/formats/temporary-folder.ts";
import { columnsOf, pairOf, runJob, smallHeader, smallShards } from "./small-store.ts";

const root = temporaryFolder();
let count = 0;
const fresh = (): string => join(root, `store-${count++}`);
const bytesOf = (path: string): Record<string, string> =>
  Object.fromEntries(readdirSync(path).map((name) => [name, readFileSync(join(path, name), "hex")]));

async function rowsOf(path: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for await (const { columns } of readShards(await openStore(path), "rows")) {
    const users = unpackTexts(columns.user!);
    for (const [i, row] of columns.row!.entries()) rows.push([row, users[i], columns.scores.ctr![i]]);
  }
  return rows;
}

const expected = Array.from({ length: 12 }, (_, i) => {
  const { row, user, ctr } = pairOf(10 + i);
  return [row, user, ctr];
});

describe("a store", () => {
  it("holds what was written, and says so in its manifest", async () => {
    const path = fresh();
    const manifest = await runJob(path);
    expect(readdirSync(path)).toEqual(["manifest.json", "rows-00000.arrow", "rows-00001.arrow", "rows-00002.arrow"]);
    expect(await rowsOf(path)).toEqual(expected);
    expect((await openStore(path)).manifest).toEqual(manifest);
    expect(manifest).toMatchObject({
      format: 1,
      coverage: { scored: 12, of: 12 },
      day: { column: "day", from: 5, to: 6 },
      fileRows: [100],
      content: {
        rows: { rows: 12, heads: { ctr: { min: 2.5, max: 5.25, mean: 3.875 }, ctcvr: { min: 1.5, max: 4.25 } } },
      },
    });
    expect(manifest!.content.rows!.shards.map(({ file, rows }) => [file, rows])).toEqual([
      ["rows-00000.arrow", 4],
      ["rows-00001.arrow", 4],
      ["rows-00002.arrow", 4],
    ]);
  });

  it("is the same for one job and for several, in any order", async () => {
    const [one, three] = [fresh(), fresh()];
    await runJob(one);
    const header = smallHeader({ jobs: 3 });
    expect(await runJob(three, { header, job: 2 })).toBeUndefined();
    await expect(openStore(three)).rejects.toThrow(
      new DataError(
        `--scores ${three}: folder must hold a whole score store, got an unfinished one; go on with it: twinstill score ... --resume`,
      ),
    );
    expect(await runJob(three, { header, job: 3 })).toBeUndefined();
    expect(await runJob(three, { header, job: 1 })).toBeDefined();
    const { "manifest.json": _, ...shards } = bytesOf(three);
    expect(bytesOf(one)).toMatchObject(shards);
    expect(Object.keys(bytesOf(three))).toEqual(Object.keys(bytesOf(one)));
  });

  it("is refused where jobs did not read the same rows", async () => {
    const path = fresh();
    const header = smallHeader({ jobs: 2 });
    await runJob(path, { header, job: 1 });
    await expect(runJob(path, { header, job: 2, shards: smallShards(2) })).rejects.toThrow(
      "jobs of one store must have read the same rows, got shards.rows = 2 where job 1 has 3",
    );
  });

  it("takes no score that is not finite, and leaves nothing of its shard", async () => {
    const path = fresh();
    const shards = [...smallShards(1), columnsOf([pairOf(1), { ...pairOf(2), ctr: Number.NaN }])];
    await expect(runJob(path, { shards })).rejects.toThrow(
      new DataError('rows-00001: row 2, user "u2", item "i2": score "ctr" must be a finite number, got NaN'),
    );
    expect(readdirSync(path)).toEqual(["job.json", "rows-00000.arrow", "rows-00000.json"]);
  });
});

describe("a folder that is no new one", () => {
  const taken = (path: string, what: string): ConfigError =>
    new ConfigError(
      `--out ${path}: folder must be new, got one that holds ${what}; add --resume to go on with a store, or name another folder`,
    );

  it("is refused, and left as it is", async () => {
    const [whole, part, other] = [fresh(), fresh(), fresh()];
    await runJob(whole);
    await expect(
      runJob(part, { shards: [...smallShards(1), columnsOf([{ ...pairOf(1), ctr: Infinity }])] }),
    ).rejects.toThrow();
    await nodeFiles.makeFolder(other);
    writeFileSync(join(other, "notes.txt"), "mine");
    const before = [whole, part, other].map(bytesOf);
    await expect(runJob(whole)).rejects.toThrow(taken(whole, "a score store"));
    await expect(runJob(part)).rejects.toThrow(taken(part, "an unfinished score store"));
    await expect(runJob(other, { resume: true })).rejects.toThrow(taken(other, "1 files that are no score store"));
    expect([whole, part, other].map(bytesOf)).toEqual(before);
  });

  it.each([
    [
      { teacher: { ...smallHeader().teacher, weights: "00000000000000ff" } as never },
      'teacher.weights = "00000000000000ff" where the store has "00000000000000aa"',
    ],
    [{ heads: ["ctr"] }, 'heads.1 = undefined where the store has "ctcvr"'],
    [{ dtype: "float16" as const }, 'dtype = "float16" where the store has "float32"'],
    [{ jobs: 2 }, "jobs = 2 where the store has 1"],
  ])("goes on only with its own job: %#", async (changes, difference) => {
    for (const finished of [true, false]) {
      const path = fresh();
      const shards = finished ? smallShards() : [...smallShards(1), columnsOf([{ ...pairOf(1), ctr: Infinity }])];
      await runJob(path, { shards }).catch(() => undefined);
      await expect(runJob(path, { resume: true, header: smallHeader(changes) })).rejects.toThrow(
        new ConfigError(`--out ${path}: job must be the one that the store was begun with, got ${difference}`),
      );
    }
  });

  it("is refused to a second writer while the first one works", async () => {
    const path = fresh();
    const first = await openStoreWriter(path, smallHeader(), { job: 1, resume: false });
    await expect(openStoreWriter(path, smallHeader(), { job: 1, resume: true })).rejects.toThrow(
      new RegExp(`^--out ${path}: store must be free, got one that process ${process.pid} on .* writes to$`),
    );
    await first.close();
    await (await openStoreWriter(path, smallHeader(), { job: 1, resume: true })).close();
  });

  it("has no job of a number out of range", async () => {
    await expect(openStoreWriter(fresh(), smallHeader({ jobs: 2 }), { job: 3, resume: false })).rejects.toThrow(
      new ConfigError("--shard: must be i/n with 1 <= i <= n, got 3/2"),
    );
  });
});

describe("a job that is broken off", () => {
  it.each(["fails", "dies"] as const)(
    "at any operation on files (%s) is resumed to the same store, and repeats one shard at most",
    async (kind) => {
      const clean = fresh();
      const { files, operations } = failingFiles(nodeFiles, { at: Number.POSITIVE_INFINITY, kind });
      await runJob(clean, { files });
      const whole = bytesOf(clean);
      for (let at = 1; at <= operations(); at++) {
        const path = fresh();
        mkdirSync(path);
        const written: number[] = [];
        const before = (shard: number): void => void written.push(shard);
        const broken = failingFiles(nodeFiles, { at, kind }).files;
        await runJob(path, { files: broken, before }).catch((error: Error) =>
          expect(error.message).toMatch(/operation/),
        );
        // A dead process holds no lock: here the process lives on, so its lock is taken away by hand.
        for (const name of readdirSync(path)) if (name.endsWith(".lock")) rmSync(join(path, name));
        if (!readdirSync(path).includes("manifest.json")) await expect(openStore(path)).rejects.toThrow(DataError);
        await runJob(path, { resume: true, before });
        const { ...after } = bytesOf(path);
        expect(
          Object.keys(after).filter((name) => !(name in whole)),
          `operation ${at}`,
        ).toEqual([]);
        expect(after, `operation ${at}`).toMatchObject(whole);
        expect(written.length, `operation ${at}`).toBeLessThanOrEqual(4);
        rmSync(path, { recursive: true });
      }
    },
  );
});
