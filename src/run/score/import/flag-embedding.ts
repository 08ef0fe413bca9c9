import { open } from "node:fs/promises";
import { basename } from "node:path";
import { z } from "zod";
import { internValues } from "../../../data/intern-values.ts";
import { DataError } from "../../../errors.ts";
import { codedTexts, type ImportedScores } from "./imported-scores.ts";
import type { ToStored } from "./stored-value.ts";
import { pairSections } from "./table-scores.ts";

const line = z.object({
  query: z.string(),
  pos: z.array(z.string()),
  neg: z.array(z.string()),
  pos_scores: z.array(z.number()),
  neg_scores: z.array(z.number()),
});

/**
 * Reads lines of `{ "query": ..., "pos": [...], "neg": [...], "pos_scores": [...], "neg_scores": [...] }`, as rerankers of
 * texts write them: the query is the user, the passages are items.
 *
 * @throws {DataError} a line is no such object, or has more or fewer scores than passages.
 * Source: FlagEmbedding, "Knowledge distillation from reranker" of the fine-tuning data format.
 */
export async function readJsonLines(path: string, toStored: ToStored): Promise<ImportedScores> {
  const [users, items] = [internValues(), internValues()];
  const pairs = { user: [] as number[], item: [] as number[], score: [] as number[] };
  let number = 0;
  for await (const text of await linesOf(path)) {
    number++;
    if (text.trim() === "") continue;
    const where = `${path} line ${number}`;
    const { query, pos, neg, pos_scores, neg_scores } = parseLine(where, text);
    const user = users.codeOf(query);
    for (const [passages, scores, name] of [
      [pos, pos_scores, "pos"],
      [neg, neg_scores, "neg"],
    ] as const) {
      if (passages.length !== scores.length)
        throw new DataError(
          `${where}: ${name} and ${name}_scores must be of one length, got ${passages.length} and ${scores.length}`,
        );
      for (const [i, passage] of passages.entries()) {
        pairs.user.push(user);
        pairs.item.push(items.codeOf(passage));
        pairs.score.push(toStored(scores[i]!, () => `${where}: ${name}_scores[${i}]`));
      }
    }
  }
  const coded = {
    rows: pairs.score.length,
    users: codedTexts(Int32Array.from(pairs.user), users.values),
    items: codedTexts(Int32Array.from(pairs.item), items.values),
    scores: Float32Array.from(pairs.score),
  };
  return { sections: pairSections(coded, { ranked: false, where: basename(path) }), files: [], of: coded.rows };
}

async function linesOf(path: string): Promise<AsyncIterable<string>> {
  try {
    return (await open(path)).readLines({ encoding: "utf8" });
  } catch (error) {
    throw new DataError(`${path}: the file must be readable, got ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

function parseLine(where: string, text: string): z.infer<typeof line> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`${where}: line must be a JSON object, got: ${(error as Error).message}`, { cause: error });
  }
  const result = line.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DataError(
    `${where}: ${issue!.path.join(".") || "line"} must be there as it should, got: ${issue!.message}`,
  );
}
