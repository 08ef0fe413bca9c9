import type { z } from "zod";
import { didYouMean, oneOf } from "../../config-schema.ts";

/** The fields that must agree with each other. Structural: the schema that has them calls this. */
interface Checked {
  readonly data: {
    readonly columns: Readonly<Record<string, { readonly role: string }>>;
    readonly pairs: Readonly<Record<string, unknown>>;
    readonly labels: Readonly<Record<string, unknown>>;
  };
  readonly negatives?: { readonly kind: string } | undefined;
  readonly teacher?:
    | { readonly features?: readonly string[] | undefined; readonly labels: Readonly<Record<string, string>> }
    | undefined;
  readonly student?:
    | {
        readonly userFeatures?: readonly string[] | undefined;
        readonly itemFeatures?: readonly string[] | undefined;
        readonly losses: readonly { readonly kind: string; readonly label: string }[];
      }
    | undefined;
  readonly share: readonly string[];
  readonly frozen?: object | undefined;
  readonly scores?:
    | {
        readonly lists?:
          | { readonly top: number; readonly of?: number | undefined; readonly uniform: number }
          | undefined;
      }
    | undefined;
  readonly distill: readonly { readonly name: string; readonly head: string; readonly space: "rows" | "lists" }[];
  readonly train: { readonly teacher?: object | undefined; readonly student?: object | undefined };
  readonly evaluate: {
    readonly labels: Readonly<Record<string, string>>;
    readonly relevant?: string | undefined;
    readonly alsoRelevant: Readonly<Record<string, string>>;
    readonly monitor?: { readonly model: "teacher" | "student" } | undefined;
  };
}

type Complain = (path: readonly (string | number)[], message: string) => void;

/** What one field alone cannot show: names that must exist elsewhere, blocks that need each other. */
export function crossCheck(config: Checked, context: z.RefinementCtx): void {
  const complain: Complain = (path, message) => context.addIssue({ code: "custom", path: [...path], message });
  checkBlocks(config, complain);
  checkSources(config, complain);
  checkLabels(config, complain);
  checkFeatures(config, complain);
}

function checkBlocks(
  { teacher, student, frozen, distill, train, negatives, share, evaluate }: Checked,
  complain: Complain,
): void {
  if (teacher === undefined && student === undefined)
    complain([], "must have a teacher block, a student block or both");
  for (const [name, model] of [
    ["teacher", teacher],
    ["student", student],
  ] as const) {
    if (model !== undefined && train[name] === undefined)
      complain(["train"], `must have an optimiser for the ${name}: train.${name}`);
    if (model === undefined && train[name] !== undefined)
      complain(["train", name], `cannot take effect: there is no ${name} block`);
    if (model === undefined && evaluate.monitor?.model === name && !(name === "teacher" && frozen !== undefined))
      complain(["evaluate", "monitor", "model"], `there is no ${name} block`);
  }
  if (student !== undefined && student.losses.length + distill.length === 0)
    complain(["student", "losses"], "the student must learn from a label or from the teacher: give losses, or distill");
  if (share.length > 0 && (teacher === undefined || student === undefined))
    complain(["share"], "needs a teacher block and a student block");
  const names = distill.map(({ name }) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) complain(["distill", i, "name"], `must be unique, got "${name}" twice`);
  });
  student?.losses.forEach(({ kind }, i) => {
    if (kind === "in-batch-softmax" && negatives !== undefined)
      complain(
        ["student", "losses", i],
        "in-batch-softmax takes its negatives from the batch; remove the negatives block",
      );
  });
}

const TEACHER_HEADS = ["ctr", "cvr", "ctcvr"];

/** Where distillation terms take their scores from: one of a teacher, a frozen run, a store. */
function checkSources({ teacher, frozen, scores, student, distill, negatives }: Checked, complain: Complain): void {
  const sources = Object.entries({ teacher, frozen, scores }).filter(([, block]) => block !== undefined);
  if (distill.length > 0 && (sources.length === 0 || student === undefined))
    complain(["distill"], "needs a student block, and a teacher block, a frozen run or a score store");
  for (const [name] of sources.slice(1))
    complain([name], `cannot stand beside ${sources[0]![0]}: terms would have two teachers`);
  for (const name of ["frozen", "scores"])
    if (distill.length === 0 && sources[0]?.[0] === name)
      complain([name], "cannot take effect: there is no distill term");
  distill.forEach(({ head, space }, i) => {
    if (scores === undefined && !TEACHER_HEADS.includes(head))
      complain(
        ["distill", i, "head"],
        `must be ${oneOf(TEACHER_HEADS)}, got "${head}"${didYouMean(head, TEACHER_HEADS)}`,
      );
    if (space === "lists" && scores?.lists === undefined) complain(["distill", i, "space"], "lists need scores.lists");
  });
  if (scores?.lists && !distill.some(({ space }) => space === "lists"))
    complain(["scores", "lists"], "cannot take effect: no distill term has space: lists");
  const { top = 0, of = top, uniform = 0 } = scores?.lists ?? {};
  if (scores?.lists && top + uniform < 2)
    complain(["scores", "lists"], "must draw at least two items: give top and uniform");
  if (of < top) complain(["scores", "lists", "of"], `must be at least top, got ${of} where top is ${top}`);
  if (negatives?.kind === "stored" && scores === undefined)
    complain(["negatives", "kind"], "stored needs a score store: scores");
}

function checkLabels(config: Checked, complain: Complain): void {
  const labels = Object.keys(config.data.labels);
  const check = (path: readonly (string | number)[], label: string | undefined): void => {
    if (label === undefined || labels.includes(label)) return;
    complain(
      path,
      `must name a label of data.labels (${labels.join(", ")}), got "${label}"${didYouMean(label, labels)}`,
    );
  };
  for (const [head, label] of Object.entries(config.teacher?.labels ?? {})) check(["teacher", "labels", head], label);
  config.student?.losses.forEach(({ label }, i) => {
    check(["student", "losses", i, "label"], label);
  });
  for (const [head, label] of Object.entries(config.evaluate.labels)) check(["evaluate", "labels", head], label);
  check(["evaluate", "relevant"], config.evaluate.relevant);
  for (const [prefix, label] of Object.entries(config.evaluate.alsoRelevant))
    check(["evaluate", "alsoRelevant", prefix], label);
}

function checkFeatures({ data, teacher, student, share }: Checked, complain: Complain): void {
  const withRoles = (...roles: readonly string[]): string[] =>
    Object.keys(data.columns).filter((name) => roles.includes(data.columns[name]!.role));
  const check = (
    path: readonly (string | number)[],
    names: readonly string[] | undefined,
    allowed: readonly string[],
    what: string,
  ): void =>
    names?.forEach((name, i) => {
      if (!allowed.includes(name))
        complain(
          [...path, i],
          `must name a column that ${what} (${allowed.join(", ")}), got "${name}"${didYouMean(name, allowed)}`,
        );
    });
  check(
    ["teacher", "features"],
    teacher?.features,
    [...withRoles("user", "item", "context"), ...Object.keys(data.pairs)],
    "the teacher may see",
  );
  check(["student", "userFeatures"], student?.userFeatures, withRoles("user"), "has role user");
  check(["student", "itemFeatures"], student?.itemFeatures, withRoles("item"), "has role item");
  check(["share"], share, withRoles("user", "item"), "both models see");
}
