import type { Dataset } from "../../data/dataset.ts";
import { interactions } from "../../data/interactions.ts";
import type { Program } from "../../engine/program.ts";
import { type ItemSets, type TopLists, withoutItems } from "../../eval/index.ts";
import { hasTeacher, type RunConfig } from "../config/run-config.ts";
import { once } from "../once.ts";
import { setsOf, studentLists, teacherLists, type WarmUsers, warmUsers } from "./corpus-lists.ts";
import { exposedScores } from "./exposed-scores.ts";

export type EvaluatedPart = "validation" | "test";
export type ModelName = "teacher" | "student";

/** What the metrics of a run's models on a part are made from; each piece is computed once, when it is asked for. */
export interface Measurement {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: RunConfig;
  readonly part: EvaluatedPart;
  readonly rows: Int32Array;
  readonly models: readonly ModelName[];
  /** [rows] logits by score: `student`, `teacher/ctr`, `teacher/ctcvr`. */
  readonly scores: () => Readonly<Record<string, Float32Array>>;
  readonly users: () => WarmUsers;
  /** Items of the part with a label, by warm user, without those that no list may hold. */
  readonly relevant: (label: string) => ItemSets;
  /** The model's best items of the whole corpus for each warm user, seen ones left out or not. */
  readonly lists: (model: ModelName, seen: "masked" | "kept") => Promise<TopLists>;
}

/** The score that a head is measured by: a student has one for both. */
export function scoreName(model: ModelName, head: "ctr" | "ctcvr"): string {
  return model === "student" ? "student" : `teacher/${head}`;
}

/** @param depth - places of the lists. */
export function measurementOf(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  { part, depth }: { readonly part: EvaluatedPart; readonly depth: number },
): Measurement {
  const rows = dataset.parts[part]!;
  const users = once(() => warmUsers(dataset, part));
  const unmasked = once(
    (): ItemSets => ({
      offsets: new Int32Array(users().numbers.length + 1),
      items: new Int32Array(0),
    }),
  );
  const lists = new Map<string, Promise<TopLists>>();
  const makeLists = async (model: ModelName, seen: ItemSets): Promise<TopLists> => {
    const wanted = { ...users(), seen };
    return model === "teacher"
      ? teacherLists(program, dataset, wanted, depth)
      : studentLists(program, dataset, wanted, depth);
  };
  return {
    ...{ program, dataset, config, part, rows, users },
    models: [...(hasTeacher(config) ? (["teacher"] as const) : []), ...(config.student ? (["student"] as const) : [])],
    scores: once(() => exposedScores(program, dataset, rows)),
    relevant: (label) => withoutItems(setsOf(interactions(dataset, part, { label }), users().numbers), users().seen),
    lists: (model, seen) => {
      const key = `${model} ${seen}`;
      const found = lists.get(key) ?? makeLists(model, seen === "masked" ? users().seen : unmasked());
      lists.set(key, found);
      return found;
    },
  };
}
