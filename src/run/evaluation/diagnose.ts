import { interactions } from "../../data/interactions.ts";
import {
  auc,
  coverageAtK,
  expectedCalibrationError,
  giniAtK,
  type KlBin,
  kendallTau,
  klByDecile,
  loglossFromLogits,
  meanByGroup,
  normalisedEntropyFromLogits,
  noveltyAtK,
  overlapAtK,
  pairOrderAgreement,
  popularityGroups,
  prAuc,
  predictedOverObserved,
  type ReliabilityBin,
  rankBiasedOverlap,
  rankingMetrics,
  recallAtMAtK,
  recallByItemGroup,
  reliabilityTable,
  type TopLists,
  teacherRegretOfTopLists,
  withoutItems,
} from "../../eval/index.ts";
import { hasTeacher } from "../config/run-config.ts";
import type { OpenedRun } from "../open-run.ts";
import { teacherScoresOf } from "./asked-metrics.ts";
import { takeRows } from "./batches.ts";
import { setsOf, studentLists, teacherLists, type WarmUsers, warmUsers } from "./corpus-lists.ts";
import { exposedScores } from "./exposed-scores.ts";
import { type GateUse, gateUse } from "./gate-use.ts";
import type { EvaluatedPart } from "./measurement.ts";
import { type Histogram, scoreHistogram } from "./score-histogram.ts";

/** Quality and calibration of one score against one label, on exposed rows. */
export interface HeadDiagnosis {
  readonly model: string;
  readonly head: "ctr" | "ctcvr";
  readonly label: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly reliability: readonly ReliabilityBin[];
}

/** What one model's lists over the whole corpus show. */
export interface ListDiagnosis {
  readonly model: string;
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Recall of relevant items by popularity decile of the corpus, 0 the least popular; -1 for cold items. */
  readonly byPopularity: readonly { readonly group: number; readonly relevant: number; readonly recall: number }[];
  /** Mean recall of users by quarter of history length, 0 the shortest. */
  readonly byHistory: readonly { readonly group: number; readonly count: number; readonly mean: number }[];
}

/** How far the student follows the teacher. */
export interface AgreementDiagnosis {
  readonly overlap: readonly { readonly k: number; readonly value: number | null }[];
  /** Share of the teacher's first 10 of the whole corpus in the student's first m. */
  readonly recallOfTeacher: readonly { readonly m: number; readonly value: number | null }[];
  readonly rankBiasedOverlap: number | null;
  /** Mean teacher logit that the student's first 10 lose against the teacher's. */
  readonly regret: number | null;
  /** Over exposed rows, the student's score against the teacher's pCTCVR. */
  readonly kendallTau: number | null;
  readonly pairOrder: number | null;
  readonly klByDecile: readonly KlBin[];
}

/** Everything about a run's models on one part that a report shows beside the plain metrics. */
export interface Diagnosis {
  readonly format: 1;
  readonly part: EvaluatedPart;
  readonly checkpoint: string;
  readonly rows: number;
  readonly users: { readonly warm: number; readonly cold: number };
  readonly heads: readonly HeadDiagnosis[];
  readonly lists: readonly ListDiagnosis[];
  /** Only of runs with both models. */
  readonly agreement: AgreementDiagnosis | null;
  /** Logits of each score on exposed rows. */
  readonly scores: Readonly<Record<string, Histogram>>;
  readonly gates: readonly GateUse[];
}

/** Depths of the agreement curves. */
const DEPTHS = [1, 2, 5, 10, 20, 50, 100];
const REGRET_DEPTH = 10;

/** Computes the diagnosis of a run on a part. */
export async function diagnose(run: OpenedRun, part: EvaluatedPart): Promise<Diagnosis> {
  const { program, dataset, config, checkpoint } = run;
  const rows = dataset.parts[part]!;
  const scores = exposedScores(program, dataset, rows);
  const users = warmUsers(dataset, part);
  const depth = Math.min(dataset.items.size, Math.max(...DEPTHS, ...config.evaluate.ks));
  const lists = {
    ...(hasTeacher(config) && { teacher: teacherLists(program, dataset, users, depth) }),
    ...(config.student && { student: await studentLists(program, dataset, users, depth) }),
  };
  const all = new Set(rows.map((row) => dataset.users.rowEntity[row]!)).size;
  return {
    format: 1,
    part,
    checkpoint,
    rows: rows.length,
    users: { warm: users.numbers.length, cold: all - users.numbers.length },
    heads: headDiagnoses(run, rows, scores),
    lists:
      config.evaluate.relevant === undefined
        ? []
        : Object.entries(lists).map(([model, own]) => listDiagnosis(model, own, run, part, users)),
    agreement:
      lists.teacher && lists.student
        ? agreementOf(run, users, { teacher: lists.teacher, student: lists.student }, scores)
        : null,
    scores: Object.fromEntries(Object.entries(scores).map(([name, logits]) => [name, scoreHistogram(logits)])),
    gates: config.teacher ? gateUse(run, rows) : [],
  };
}

function headDiagnoses(
  { config, dataset }: OpenedRun,
  rows: Int32Array,
  scores: Readonly<Record<string, Float32Array>>,
): readonly HeadDiagnosis[] {
  const heads = ["ctr", "ctcvr"] as const;
  const sources = Object.keys(scores).flatMap((score) =>
    score === "student"
      ? heads.map((head) => ({ model: "student", head, score }))
      : heads.filter((head) => score === `teacher/${head}`).map((head) => ({ model: "teacher", head, score })),
  );
  return sources.map(({ model, head, score }) => {
    const label = config.evaluate.labels[head];
    const labels = takeRows(dataset.labels.get(label)!, rows);
    const logits = scores[score]!;
    const probabilities = Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
    const metrics = {
      auc: auc(logits, labels),
      pr_auc: prAuc(logits, labels),
      logloss: loglossFromLogits(logits, labels),
      ne: normalisedEntropyFromLogits(logits, labels),
      ece: expectedCalibrationError(probabilities, labels),
      predicted_over_observed: predictedOverObserved(probabilities, labels),
    };
    return { model, head, label, metrics, reliability: reliabilityTable(probabilities, labels) };
  });
}

function listDiagnosis(
  model: string,
  lists: TopLists,
  { dataset, config }: OpenedRun,
  part: EvaluatedPart,
  users: WarmUsers,
): ListDiagnosis {
  const relevant = withoutItems(
    setsOf(interactions(dataset, part, { label: config.evaluate.relevant! }), users.numbers),
    users.seen,
  );
  const k = Math.min(lists.width, Math.max(...config.evaluate.ks));
  const exposure = { k: Math.min(10, lists.width), items: dataset.items.size };
  const popularity = popularityGroups(dataset.items.trainCount, { mass: "items" });
  const { perUser, users: counted } = rankingMetrics(lists, relevant, { ks: [k] });
  const history = Float64Array.from(counted, (user) => users.seen.offsets[user + 1]! - users.seen.offsets[user]!);
  return {
    model,
    metrics: {
      [`coverage@${exposure.k}`]: coverageAtK(lists, exposure),
      [`gini@${exposure.k}`]: giniAtK(lists, exposure),
      [`novelty@${exposure.k}`]: noveltyAtK(lists, dataset.items.trainCount, exposure).mean,
    },
    byPopularity: recallByItemGroup(lists, relevant, popularity, { k }).map(({ group, relevant: count, recall }) => ({
      group,
      relevant: count,
      recall,
    })),
    byHistory: meanByGroup(perUser[`recall@${k}`]!, quarters(history)),
  };
}

/** Quarter of each value, 0 to 3, equal values together. */
function quarters(values: Float64Array): Int32Array {
  const sorted = values.slice().sort();
  const cuts = [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * sorted.length)] ?? 0);
  return Int32Array.from(values, (value) => cuts.filter((cut) => value > cut).length);
}

function agreementOf(
  { program, dataset }: OpenedRun,
  users: WarmUsers,
  { teacher, student }: { readonly teacher: TopLists; readonly student: TopLists },
  scores: Readonly<Record<string, Float32Array>>,
): AgreementDiagnosis {
  const depths = DEPTHS.filter((depth) => depth <= teacher.width);
  const deep = Math.min(REGRET_DEPTH, teacher.width);
  const teacherOf = (lists: TopLists): Float32Array =>
    teacherScoresOf({ program, dataset, users: () => users }, lists, deep);
  const [own, other] = [scores["teacher/ctcvr"]!, scores.student!];
  return {
    overlap: depths.map((k) => ({ k, value: overlapAtK(student, teacher, { k }).mean })),
    recallOfTeacher: depths
      .filter((m) => m >= deep)
      .map((m) => ({ m, value: recallAtMAtK(student, teacher, { m, k: deep }).mean })),
    rankBiasedOverlap: rankBiasedOverlap(student, teacher).mean,
    regret: teacherRegretOfTopLists(teacherOf(teacher), teacherOf(student), { width: deep, k: deep }).mean,
    kendallTau: kendallTau(other, own),
    pairOrder: pairOrderAgreement(other, own),
    klByDecile: klByDecile(other, own),
  };
}
