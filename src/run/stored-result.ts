import { join } from "node:path";
import { z } from "zod";
import { DataError } from "../errors.ts";
import { readJson } from "../files/json-file.ts";
import { runFolder } from "./run-folder.ts";

const count = z.number().min(0);
const storedResult = z.looseObject({
  reason: z.string(),
  steps: count,
  seconds: count,
  test: z.record(z.string(), z.record(z.string(), z.number().nullable())).optional(),
  models: z.record(z.string(), z.looseObject({ values: count })),
  cost: z
    .looseObject({
      stepsPerSecond: count.nullable(),
      peakMemoryBytes: count,
      flopsPerScore: z.record(z.string(), count),
    })
    .optional(),
});

/** result.json of a run of any kind: test metrics by model, or by stage; null where undefined. */
export type StoredResult = z.infer<typeof storedResult>;

/**
 * What a run ended with.
 *
 * @param path - its folder. @returns undefined where it is not finished.
 * @throws {DataError} result.json is no JSON, or not as a run writes it; names the place and what is there.
 */
export async function readStoredResult(path: string): Promise<StoredResult | undefined> {
  const file = join(path, "result.json");
  const { files } = runFolder(path);
  return (await files.exists(file)) ? checkStored(storedResult, await readJson(file, files), file) : undefined;
}

/** A file's content against its schema. @throws {DataError} names the file, the place and what is there. */
export function checkStored<T extends z.ZodType>(schema: T, value: unknown, where: string): z.infer<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const at = path.reduce<unknown>((part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key], value);
  throw new DataError(
    `${where}: ${path.length === 0 ? "content" : path.join(".")} must be as a run writes it, got ${JSON.stringify(at) ?? "nothing"} (${message})`,
  );
}
