import type { z } from "zod";
import { didYouMean } from "../../config-schema.ts";
import { checkAskedMetrics } from "./asked-metrics.ts";
import { checkSources } from "./cross-check-sources.ts";
import { type CheckedTerms, type Complain, checkTerms } from "./cross-check-terms.ts";

/** The fields that must agree with each other. Structural: the schema that has them calls this. */
interface Checked extends CheckedTerms {
  readonly data: CheckedTerms["data"] & { readonly pairs: Readonly<Record<string, unknown>> };
  readonly teacher?:
    | (NonNullable<CheckedTerms["teacher"]> & {
        readonly features?: readonly string[] | undefined;
        readonly labels: Readonly<Record<string, string>>;
      })
    | undefined;
  readonly student?:
    | (NonNullable<CheckedTerms["student"]> & {
        readonly userFeatures?: readonly string[] | undefined;
        readonly itemFeatures?: readonly string[] | undefined;
      })
    | undefined;
  readonly share: readonly string[];
  readonly train: CheckedTerms["train"] & {
    readonly teacher?: object | undefined;
    readonly student?: object | undefined;
  };
  readonly evaluate: {
    readonly labels: Readonly<Record<string, string>>;
    readonly relevant?: string | undefined;
    readonly alsoRelevant: Readonly<Record<string, string>>;
    readonly metrics: readonly string[];
    readonly monitor?: { readonly model: "teacher" | "student" } | undefined;
  };
}

/** What one field alone cannot show: names that must exist elsewhere, blocks that need each other. */
export function crossCheck(given: Checked, context: z.RefinementCtx): void {
  // A block with something wrong in it arrives here as it was written: one source, not yet a list of them.
  const { negatives } = given;
  const config = negatives === undefined ? given : { ...given, negatives: [negatives].flat() };
  const complain: Complain = (path, message) => context.addIssue({ code: "custom", path: [...path], message });
  checkBlocks(config, complain);
  checkSources(config, complain);
  checkLabels(config, complain);
  checkFeatures(config, complain);
  checkTerms(config, complain);
  checkAskedMetrics(config, complain);
}

function checkBlocks({ teacher, student, frozen, distill, train, share, evaluate }: Checked, complain: Complain): void {
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
