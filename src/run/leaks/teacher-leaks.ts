import { resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { findLeak } from "../../distill/scores/leaks.ts";
import { parseStoreFile, type TrainedRows, trainedRows as trainedSchema } from "../../distill/scores/manifest.ts";
import { openStore } from "../../distill/scores/open-store.ts";
import { readJson } from "../../files/json-file.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import { runFolder } from "../run-folder.ts";
import { rowsByFile } from "../trained-rows.ts";
import type { LeakCheck } from "./leak-check.ts";

/** Whether a model that the student learns from, or starts as, was trained on rows that the student is measured on. */
export async function checkTeacherRows(dataset: Dataset, resolved: ResolvedConfig): Promise<LeakCheck> {
  const name = "teacher's rows";
  const earlier = await earlierModels(resolved);
  if (earlier.length === 0)
    return { name, verdict: "ok", message: "no model of an earlier run, and no score store, takes part" };
  for (const part of ["validation", "test"] as const) {
    const rows = dataset.parts[part];
    if (rows === undefined) continue;
    const files = await rowsByFile(dataset, rows);
    for (const { what, trained } of earlier) {
      const leak = findLeak(trained, { files, days: null, sameDays: true, what });
      if (leak === undefined) continue;
      const [, count = ""] = /got (\d+ of .*?) that/.exec(leak.message) ?? [];
      return { name, verdict: "leak", message: `${what} was trained on ${count} that are in the ${part} part` };
    }
  }
  return { name, verdict: "ok", message: `${earlier.map(({ what }) => what).join(", ")}: trained on no measured row` };
}

interface EarlierModel {
  readonly what: string;
  readonly trained: TrainedRows;
}

async function earlierModels({ config, folder }: ResolvedConfig): Promise<readonly EarlierModel[]> {
  const { frozen, start, scores } = config;
  const runs = { "frozen.run": frozen?.run, "start.weights": start?.weights, "start.embeddings": start?.embeddings };
  const ofRuns = Object.entries(runs).flatMap(([what, run]) =>
    run === undefined ? [] : [readTrained(what, resolve(folder, run))],
  );
  const stored = scores === undefined ? undefined : await openStore(resolve(folder, scores.store));
  const teacher = stored?.manifest.teacher;
  return [
    ...(await Promise.all(ofRuns)),
    ...(teacher?.kind === "run" ? [{ what: "scores.store's teacher", trained: teacher.trained }] : []),
  ];
}

async function readTrained(what: string, run: string): Promise<EarlierModel> {
  const { trained } = runFolder(run);
  return { what, trained: parseStoreFile(trained, trainedSchema, await readJson(trained)) };
}
