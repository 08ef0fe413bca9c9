import type { DataEncoding } from "../../data/encoding.ts";
import { featureColumns } from "../../data/feature-specs.ts";
import { hashArray, loadHash } from "../../data/fingerprint.ts";
import type { RunConfig } from "../config/run-config.ts";
import { arraysOf, type PairTables } from "../pair-files.ts";
import type { ScoringModel } from "./open-teacher.ts";

/** xxHash64 of how the model's features come from the columns: their settings, and what was learnt from the data. */
export async function featuresHash(
  { data, teacher, student }: Pick<RunConfig, "data" | "teacher" | "student">,
  encoding: DataEncoding,
  { model, pairs }: { readonly model: ScoringModel; readonly pairs: PairTables },
): Promise<string> {
  const named = model === "teacher" ? [teacher!.features] : [student!.userFeatures, student!.itemFeatures];
  const state = (await loadHash()).create64();
  state.update(JSON.stringify([named.map((names) => names ?? null), featureColumns(data.columns), encoding]));
  for (const [name, table] of pairs) {
    const plain = Object.entries(table).filter(([, value]) => !ArrayBuffer.isView(value));
    state.update(JSON.stringify([name, Object.fromEntries(plain)]));
    for (const array of Object.values(arraysOf(table))) hashArray(state, array);
  }
  return state.digest().toString(16).padStart(16, "0");
}
