// Files as an enemy writes them: every reader gives a clear error or a result, in bounded time and memory.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isUserError } from "../../src/errors.ts";
import { nativeEngine } from "../run/small-run.ts";
import {
  checkpointReaders,
  type HostileReader,
  runFolderReaders,
  storeReaders,
  tableReaders,
  yamlReader,
} from "./hostile-readers.ts";
import { times } from "./long-part.ts";
import { changes, mutate, mutatedJson } from "./mutants.ts";

const MOST_MS = 10_000;
const MOST_BYTES = 2 ** 30;
let folder: string;
let readers: readonly HostileReader[];
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-hostile-"));
  readers = [
    ...(await tableReaders(folder)),
    ...(await storeReaders(folder)),
    ...(await checkpointReaders(folder)),
    yamlReader(folder),
    ...(await runFolderReaders(folder)),
  ];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads the bytes and says how that ended: "read", "refused", or the error that is none of ours. */
async function outcome(reader: HostileReader, bytes: Uint8Array): Promise<string> {
  const started = performance.now();
  const result = await reader.read(bytes).then(
    () => "read",
    (error: unknown) => (isUserError(error) ? "refused" : String((error as Error).stack ?? error)),
  );
  const spent = performance.now() - started;
  return spent > MOST_MS ? `took ${spent} ms` : result;
}

const TABLES = [
  "whole.csv",
  "snappy.parquet",
  "gzip.parquet",
  "pyarrow-zstd.parquet",
  "pyarrow-v2.parquet",
  "whole.file",
  "whole.stream",
  "pyarrow-zstd.arrows",
];
const STORED = ["whole.safetensors", "manifest.json", "shard.arrow"];
const CHECKPOINTS = ["model.safetensors", "optimizer.safetensors", "state.json", "latest"];
const find = (name: string): HostileReader => readers.find((reader) => reader.name === name)!;
/** Mutants, and places of cuts and flips: 10,000 mutants in all. Opening a run takes a hundred times as long as reading a file. */
const EFFORT = {
  file: times({ quick: 15, long: 800 }),
  run: times({ quick: 15, long: 200 }),
  filePlaces: times({ quick: 15, long: 2000 }),
  runPlaces: times({ quick: 15, long: 400 }),
} as const;

describe.each([...TABLES, ...STORED, ...CHECKPOINTS, "run.yaml"])("%s", (name) => {
  const isRun = CHECKPOINTS.includes(name);
  const mutantsTried = isRun ? EFFORT.run : EFFORT.file;

  it(`is read or refused with ${mutantsTried} seeded changes`, async () => {
    const reader = find(name);
    expect(await outcome(reader, reader.whole)).toBe("read");
    const before = process.memoryUsage().rss;
    const bytes = changes.map((list) => mutate(reader.whole, list));
    const json = reader.isJson === true ? [mutatedJson(Buffer.from(reader.whole).toString("utf8"))] : [];
    const mutants = fc.oneof(bytes, ...json.map((text) => text.map((value) => new Uint8Array(Buffer.from(value)))));
    await fc.assert(
      fc.asyncProperty(mutants, async (mutant) => {
        expect(await outcome(reader, mutant)).toMatch(/^(read|refused)$/);
      }),
      { numRuns: mutantsTried },
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(MOST_BYTES);
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it("is read or refused cut at every byte, and with every byte flipped", async () => {
    const reader = find(name);
    const { whole } = reader;
    const stride = Math.max(1, Math.floor(whole.length / (isRun ? EFFORT.runPlaces : EFFORT.filePlaces)));
    for (let at = 0; at < whole.length; at += stride) {
      expect(await outcome(reader, whole.subarray(0, at)), `cut at ${at}`).toMatch(/^(read|refused)$/);
      const flipped = Uint8Array.from(whole);
      flipped[at]! ^= 255;
      expect(await outcome(reader, flipped), `flipped at ${at}`).toMatch(/^(read|refused)$/);
    }
  });
});

describe.each(["config.resolved.json", "encoding.json"])("%s of a run folder", (name) => {
  it("is opened or refused with seeded changes", async () => {
    const reader = find(name);
    const text = Buffer.from(reader.whole).toString("utf8");
    await fc.assert(
      fc.asyncProperty(mutatedJson(text), async (mutant) => {
        expect(await outcome(reader, Buffer.from(mutant))).toMatch(/^(read|refused)$/);
      }),
      { numRuns: times({ quick: 5, long: 150 }) },
    );
  });
});
