import { collectVectors, entityBatches } from "./evaluation/batches.ts";
import { writeEmbeddings } from "./formats/embedding-parquet.ts";
import type { OpenedRun } from "./open-run.ts";

/** What was written. */
export interface EmbeddingReport {
  readonly path: string;
  readonly rows: number;
  readonly width: number;
}

/**
 * Writes the vector of every user or item of a run's data as Parquet: `id` (int64 where all ids are whole numbers, else
 * string) and `embedding` (list of float32). Features are those of the entity's first row.
 */
export async function embedEntities(
  { program, dataset, checkpoint }: OpenedRun,
  role: "user" | "item",
  path: string,
): Promise<EmbeddingReport> {
  const { ids } = role === "user" ? dataset.users : dataset.items;
  const { data, shape } = collectVectors(program, role === "user" ? "users" : "items", entityBatches(dataset, role));
  const width = shape[1]!;
  const numeric = ids.every((id) => /^(0|-?[1-9]\d{0,14})$/.test(id));
  const batch = { ids: numeric ? ids.map(Number) : ids, vectors: data as Float32Array };
  const rows = await writeEmbeddings(path, [batch], {
    width,
    ids: numeric ? "int64" : "string",
    metadata: { tower: role, checkpoint },
  });
  return { path, rows, width };
}
