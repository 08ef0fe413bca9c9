import { didYouMean, oneOf } from "../../config-schema.ts";
import type { DistillTerm } from "./distill-config.ts";

/** The fields that say where distillation terms take their scores from. */
export interface CheckedSources {
  readonly teacher?: object | undefined;
  readonly frozen?: object | undefined;
  readonly scores?:
    | {
        readonly lists?:
          | { readonly top: number; readonly of?: number | undefined; readonly uniform: number }
          | undefined;
      }
    | undefined;
  readonly student?: object | undefined;
  readonly distill: readonly DistillTerm[];
  readonly negatives?: readonly { readonly kind: string }[] | undefined;
}

type Complain = (path: readonly (string | number)[], message: string) => void;

const TEACHER_HEADS = ["ctr", "cvr", "ctcvr"];

/** Terms take their scores from one of a teacher, a frozen run, a store; or from columns of the data. */
export function checkSources(config: CheckedSources, complain: Complain): void {
  const { teacher, frozen, scores, student, distill, negatives = [] } = config;
  const sources = Object.entries({ teacher, frozen, scores }).filter(([, block]) => block !== undefined);
  if (distill.length > 0 && student === undefined) complain(["distill"], "needs a student block");
  if (sources.length === 0 && distill.some((term) => headsOf(term).length > 0))
    complain(
      ["distill"],
      "needs a teacher block, a frozen run, a score store, or in every term a head of { column: name }",
    );
  for (const [name] of sources.slice(1))
    complain([name], `cannot stand beside ${sources[0]![0]}: terms would have two teachers`);
  for (const name of ["frozen", "scores"])
    if (sources[0]?.[0] === name && !distill.some((term) => headsOf(term).length > 0))
      complain([name], "cannot take effect: no distill term learns from it");
  if (scores === undefined)
    distill.forEach((term, i) => {
      for (const head of headsOf(term))
        if (!TEACHER_HEADS.includes(head))
          complain(
            ["distill", i, "head"],
            `must be ${oneOf(TEACHER_HEADS)}, got "${head}"${didYouMean(head, TEACHER_HEADS)}`,
          );
    });
  checkStoredLists(config, complain);
  negatives.forEach(({ kind }, i) => {
    if (kind !== "stored") return;
    if (scores === undefined) complain(["negatives", i, "kind"], "stored needs a score store: scores");
    if (negatives.findIndex((source) => source.kind === "stored") !== i)
      complain(["negatives", i, "kind"], "stored can stand in one source alone");
  });
}

function checkStoredLists({ scores, distill }: CheckedSources, complain: Complain): void {
  const { lists } = scores ?? {};
  distill.forEach(({ space }, i) => {
    if (space === "lists" && lists === undefined) complain(["distill", i, "space"], "lists need scores.lists");
  });
  if (lists === undefined) return;
  if (!distill.some(({ space }) => space === "lists"))
    complain(["scores", "lists"], "cannot take effect: no distill term has space: lists");
  const { top, of = top, uniform } = lists;
  if (top + uniform < 2) complain(["scores", "lists"], "must draw at least two items: give top and uniform");
  if (of < top) complain(["scores", "lists", "of"], `must be at least top, got ${of} where top is ${top}`);
}

/** Heads of the teacher or the store that a term learns from: one, several fused, or none where a column is its head. */
export function headsOf({ head }: Pick<DistillTerm, "head">): readonly string[] {
  if (typeof head === "string") return [head];
  return "fuse" in head ? Object.keys(head.fuse) : [];
}
