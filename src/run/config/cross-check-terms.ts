import { didYouMean } from "../../config-schema.ts";
import { type DistillTerm, needsLayers, needsLists } from "./distill-config.ts";
import { type HardLossConfig, type InBatchConfig, isInBatch } from "./hard-loss-config.ts";
import { isRanked, type NegativesConfig } from "./negatives-config.ts";
import type { StagesConfig } from "./train-config.ts";

/** The fields that terms must agree with. */
export interface CheckedTerms {
  readonly data: {
    readonly columns: Readonly<Record<string, { readonly role: string }>>;
    readonly labels: Readonly<Record<string, unknown>>;
  };
  readonly negatives?: NegativesConfig | undefined;
  readonly inBatch?: InBatchConfig | undefined;
  readonly teacher?: { readonly experts: { readonly units: readonly number[] } } | undefined;
  readonly frozen?: { readonly model: "teacher" | "student" } | undefined;
  readonly scores?: object | undefined;
  readonly student?:
    | { readonly losses: readonly HardLossConfig[]; readonly userUnits: readonly number[]; readonly normalise: boolean }
    | undefined;
  readonly distill: readonly DistillTerm[];
  readonly train: {
    readonly stages?: StagesConfig | undefined;
    readonly diagnose?: object | undefined;
    readonly balance?: object | undefined;
  };
}

export type Complain = (path: readonly (string | number)[], message: string) => void;

/** What terms, negatives and stages need of each other. */
export function checkTerms(config: CheckedTerms, complain: Complain): void {
  config.distill.forEach((term, i) => {
    checkDistillTerm(term, config, (path, message) => complain(["distill", i, ...path], message));
  });
  config.student?.losses.forEach((loss, i) => {
    checkHardLoss(loss, config, (path, message) => complain(["student", "losses", i, ...path], message));
  });
  checkUnique(config, complain);
  checkNegatives(config, complain);
  checkStages(config, complain);
  if (config.inBatch !== undefined && !(config.student?.losses ?? []).some(isInBatch))
    complain(["inBatch"], "cannot take effect: no loss of the student is an in-batch one");
  for (const name of ["diagnose", "balance"] as const)
    if (config.train[name] !== undefined && config.student === undefined)
      complain(["train", name], "cannot take effect: there is no student block");
}

function checkDistillTerm(term: DistillTerm, config: CheckedTerms, complain: Complain): void {
  const { head, kind } = term;
  const { data, teacher, student } = config;
  if (typeof head === "object" && "column" in head) {
    const scores = Object.keys(data.columns).filter((name) => data.columns[name]!.role === "teacher-score");
    if (!scores.includes(head.column))
      complain(
        ["head", "column"],
        `must name a column of role teacher-score (${scores.join(", ") || "there is none"}), got "${head.column}"${didYouMean(head.column, scores)}`,
      );
    if (needsLists(term) || needsLayers(term))
      complain(["head"], `${kind} needs the teacher's scores of all candidates of a row, a column has one a row`);
    if (head.holds === "ranks" && kind !== "position-weighted")
      complain(["head", "holds"], `${kind} needs scores; of ranks a row, position-weighted alone learns`);
    if (term.space !== "rows")
      complain(["space"], "cannot take effect: a column has scores of the rows' own items alone");
  }
  if (term.kind === "rank-position" && term.maxPosition !== undefined && term.positionWeights !== undefined)
    complain(["maxPosition"], "cannot stand beside positionWeights: they are two targets; give one");
  checkSpace(term, config, complain);
  if ("stopTeacherGradient" in term && !term.stopTeacherGradient && teacher === undefined)
    complain(["stopTeacherGradient"], "cannot be false: no teacher is trained in this run");
  if (!needsLayers(term)) return;
  if (config.frozen?.model === "student")
    complain(["kind"], `${kind} needs the layers of a ranker, a frozen student has scores alone`);
  if (config.scores !== undefined)
    complain([], `${kind} needs the teacher's layers, a score store has its scores alone; name the run as frozen`);
  else checkLayers(term, { teacher, student }, complain);
}

/** Whether the candidates are there that a term compares. */
function checkSpace({ kind, space, head }: DistillTerm, { negatives, scores }: CheckedTerms, complain: Complain): void {
  if (space === "lists") return;
  const isColumn = typeof head === "object" && "column" in head;
  if (needsLists({ kind }) && space === "exposed")
    complain(["space"], `${kind} compares the candidates of a row, and exposed leaves one`);
  if (space !== "rows" && negatives === undefined)
    complain(["space"], "cannot take effect: without a negatives block every row is its own item alone");
  if (needsLists({ kind }) && negatives === undefined)
    complain(
      [],
      `${kind} compares the candidates of a row: give a negatives block, take space: lists of a score store, or a point-wise kind`,
    );
  if (kind === "position-weighted" && negatives === undefined && !isColumn)
    complain(
      [],
      "position-weighted ranks the candidates of a row: give a negatives block, take space: lists of a score store, or a column that holds ranks",
    );
  const comparesNegatives = needsLists({ kind }) || space === "sampled" || kind === "position-weighted";
  if (scores !== undefined && negatives !== undefined && !isColumn && comparesNegatives)
    if (!negatives.some((source) => source.kind === "stored"))
      complain([], `${kind} needs scores of the negatives, and only those of kind stored have them`);
}

function checkLayers(
  term: DistillTerm,
  { teacher, student }: Pick<CheckedTerms, "teacher" | "student">,
  complain: Complain,
): void {
  if (typeof term.head !== "string") {
    complain(["head"], `${term.kind} needs one head, "ctr", "cvr" or "ctcvr", whose layer it compares`);
    return;
  }
  if (!("project" in term) || term.project || teacher === undefined || student === undefined) return;
  const hidden = teacher.experts.units.at(-1)! * (term.head === "ctcvr" ? 2 : 1);
  const own = student.userUnits.at(-1)!;
  if (hidden !== own)
    complain(["project"], `must be true where the layers' widths differ, got ${own} (student) and ${hidden} (teacher)`);
}

function checkHardLoss(loss: HardLossConfig, { negatives }: CheckedTerms, complain: Complain): void {
  if (loss.kind === "binary-cross-entropy" || isInBatch(loss)) return;
  if (negatives === undefined) {
    complain([], `${loss.kind} takes its negatives from the negatives block; give one, or take an in-batch loss`);
    return;
  }
  const unknown = negatives.find(({ kind }) => kind !== "random" && kind !== "frequency");
  if (loss.kind === "softmax" && loss.logQ !== "none" && unknown !== undefined)
    complain(
      ["logQ"],
      `needs log q of every negative, and negatives of kind ${unknown.kind} have none; take logQ none`,
    );
}

function checkUnique({ student, distill }: CheckedTerms, complain: Complain): void {
  const names = distill.map(({ name }) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) complain(["distill", i, "name"], `must be unique, got "${name}" twice`);
  });
  const losses = (student?.losses ?? []).map(({ name, kind, label }) => name ?? `${kind}/${label}`);
  losses.forEach((name, i) => {
    if (losses.indexOf(name) !== i)
      complain(["student", "losses", i, "name"], `must be given and unique where two losses are "${name}"`);
  });
}

function checkNegatives({ negatives = [], data, teacher, frozen, student }: CheckedTerms, complain: Complain): void {
  const ranked = negatives.filter(isRanked);
  negatives.forEach((source, i) => {
    const labels = Object.keys(data.labels);
    if (source.kind === "exposed" && !labels.includes(source.label))
      complain(
        ["negatives", i, "label"],
        `must name a label of data.labels (${labels.join(", ")}), got "${source.label}"${didYouMean(source.label, labels)}`,
      );
    if (!isRanked(source)) return;
    if ((source.by === "student" ? student : (teacher ?? frozen)) === undefined)
      complain(["negatives", i, "by"], `there is no ${source.by} block`);
    if (source.refresh !== ranked[0]!.refresh)
      complain(
        ["negatives", i, "refresh"],
        `must be the same for all rankings, got ${ranked[0]!.refresh} and ${source.refresh}`,
      );
  });
}

function checkStages({ train: { stages }, student, distill }: CheckedTerms, complain: Complain): void {
  const names = stages?.map(({ name }) => name) ?? [];
  const check = (path: readonly (string | number)[], wanted: readonly string[] | undefined): void =>
    wanted?.forEach((name, i) => {
      if (!names.includes(name))
        complain(
          [...path, "stages", i],
          `must name a stage of train.stages (${names.join(", ") || "there is none"}), got "${name}"${didYouMean(name, names)}`,
        );
    });
  student?.losses.forEach((loss, i) => {
    check(["student", "losses", i], loss.stages);
  });
  distill.forEach((term, i) => {
    check(["distill", i], term.stages);
  });
  const terms = [...(student?.losses ?? []), ...distill];
  stages?.forEach(({ name }, i) => {
    if (terms.length > 0 && terms.every((term) => term.stages !== undefined && !term.stages.includes(name)))
      complain(["train", "stages", i], `must have a term, got none that belongs to "${name}"`);
  });
}
