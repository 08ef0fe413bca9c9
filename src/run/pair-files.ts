import { z } from "zod";
import type { PairTable } from "../data/pairs/pair-table.ts";
import { toSharedFloat32, toSharedInt32 } from "../data/shared-array.ts";
import { DataError } from "../errors.ts";
import { readJson, writeJson } from "../files/json-file.ts";
import { openSafetensors } from "./formats/safetensors-read.ts";
import { writeSafetensors } from "./formats/safetensors-write.ts";
import type { RunFolder } from "./run-folder.ts";

/** Pair features by name, fitted on a run's training rows. */
export type PairTables = ReadonlyMap<string, PairTable>;

const key = z.strictObject({
  name: z.string(),
  role: z.enum(["user", "item", "context"]),
  vocabularySize: z.int().min(1),
  width: z.int().min(1),
});
const keys = z.array(key);
const transform = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("log") }),
  z.strictObject({ kind: z.literal("standardise"), mean: z.number(), deviation: z.number() }),
]);
const table = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sums"),
    keys,
    all: z.strictObject({ count: z.number(), sum: z.number() }),
    prior: z.number(),
    transform,
  }),
  z.strictObject({ kind: z.literal("cross"), keys, hashRows: z.int().min(1).nullable() }),
  z.strictObject({ kind: z.literal("ridge"), keys, transform }),
  z.strictObject({ kind: z.literal("pick"), keys, columns: z.array(z.string().nullable()) }),
]);
const pairFile = z.strictObject({ format: z.literal(1), tables: z.record(z.string(), table) });

/**
 * Keeps the pair features of a run, so that other rows can be scored without its training rows. The rows' own values,
 * which only training rows need, are left out. Nothing is written where there are none.
 */
export async function savePairTables({ pairs, pairSums, files }: RunFolder, tables: PairTables): Promise<void> {
  if (tables.size === 0) return;
  const tensors = [...tables].flatMap(([name, own]) =>
    Object.entries(arraysOf(own)).map(([what, data]) => {
      const dtype = data instanceof Float32Array ? ("F32" as const) : ("I32" as const);
      return [`${name}/${what}`, { dtype, shape: [data.length], data }] as const;
    }),
  );
  await writeSafetensors(pairSums, new Map(tensors), { files });
  const plain = Object.fromEntries([...tables].map(([name, own]) => [name, withoutArrays(own)]));
  await writeJson(pairs, pairFile.parse({ format: 1, tables: plain }), files);
}

/** A table's arrays by name, but for the rows' own values, which only training rows need. */
export function arraysOf(own: PairTable): Readonly<Record<string, Float32Array | Int32Array>> {
  if (own.kind === "sums") return { counts: own.counts, ...(own.sums && { sums: own.sums }) };
  if (own.kind !== "ridge") return {};
  const { inverse, oneMinusLeverage, offsets, items, values } = own;
  return { inverse, oneMinusLeverage, offsets, items, values };
}

function withoutArrays(own: PairTable): unknown {
  switch (own.kind) {
    case "sums":
      return { kind: own.kind, keys: own.keys, all: own.all, prior: own.prior, transform: own.transform };
    case "ridge":
      return { kind: own.kind, keys: own.keys, transform: own.transform };
    case "cross":
      return { kind: own.kind, keys: own.keys, hashRows: own.hashRows ?? null };
    case "pick":
      return { kind: own.kind, keys: own.keys, columns: own.columns.map((column) => column ?? null) };
  }
}

/**
 * The pair features that a run kept; none where it has none.
 *
 * @throws {DataError} the files are broken.
 */
export async function loadPairTables({ pairs, pairSums, files }: RunFolder): Promise<PairTables> {
  if (!(await files.exists(pairs))) return new Map();
  const parsed = pairFile.safeParse(await readJson(pairs, files));
  if (!parsed.success)
    throw new DataError(`${pairs}: file must hold a run's pair features, got: ${parsed.error.issues[0]!.message}`);
  const stored = await openSafetensors(pairSums, { files });
  try {
    const tables = new Map<string, PairTable>();
    const floats = async (name: string): Promise<Float32Array> =>
      toSharedFloat32((await stored.read(name)) as Float32Array);
    const integers = async (name: string): Promise<Int32Array> =>
      toSharedInt32((await stored.read(name)) as Int32Array);
    for (const [name, own] of Object.entries(parsed.data.tables)) {
      if (own.kind === "cross") tables.set(name, { ...own, hashRows: own.hashRows ?? undefined });
      else if (own.kind === "pick")
        tables.set(name, { ...own, columns: own.columns.map((column) => column ?? undefined) });
      else if (own.kind === "ridge") {
        const [inverse, values] = [await floats(`${name}/inverse`), await floats(`${name}/values`)];
        const oneMinusLeverage = await floats(`${name}/oneMinusLeverage`);
        const [offsets, items] = [await integers(`${name}/offsets`), await integers(`${name}/items`)];
        tables.set(name, { ...own, inverse, oneMinusLeverage, values, offsets, items });
      } else {
        const sums = stored.tensors.has(`${name}/sums`) ? await floats(`${name}/sums`) : undefined;
        tables.set(name, { ...own, counts: await floats(`${name}/counts`), ...(sums && { sums }) });
      }
    }
    return tables;
  } finally {
    await stored.close();
  }
}
