import * as tf from "@tensorflow/tfjs";
import { binaryCrossEntropy } from "../distill/losses/binary-cross-entropy.ts";
import { bankUpdate } from "../distill/negatives/memory-bank.ts";
import { combineTerms, type Term } from "../distill/objective.ts";
import type { OwnLosses } from "../distill/terms/own-loss.ts";
import type { TermValues } from "../distill/terms/term-parameters.ts";
import { weightedMean } from "../distill/weighted-mean.ts";
import type { Entries, Forward, Step, TensorBatch } from "../engine/step.ts";
import type { RunConfig } from "./config/run-config.ts";
import { distillTermLoss } from "./distill-terms.ts";
import { distillationSpaces } from "./distillation-spaces.ts";
import { candidateWeights, hardTerm } from "./hard-terms.ts";
import { type ModelParameters, type Models, type RankerOutputs, studentValues, teacherValues } from "./models.ts";
import { diagnosisOptimisers, needsDiagnosis, optimisersOf } from "./optimisers.ts";
import { ownColumn, type StudentScores, studentScores } from "./student-scores.ts";
import { distillName, hardName } from "./term-inputs.ts";

/**
 * The entries of a run's program: one joint training step, scoring, and the two towers.
 *
 * @param options - `losses`: those of the calling program that terms of kind own name.
 */
export function buildEntries(
  config: RunConfig,
  models: Models,
  { losses = {} }: { readonly losses?: OwnLosses | undefined } = {},
): Entries<ModelParameters> {
  const { teacher, student } = models;
  const step = trainStep(config, models, losses);
  return {
    train: { kind: "train", step, optimisers: optimisersOf(config) },
    ...(needsDiagnosis(config) && {
      diagnose: { kind: "train" as const, step, optimisers: diagnosisOptimisers, slots: "diagnose" },
    }),
    score: { kind: "forward", forward: scoreRows(models) },
    ...(student && {
      users: {
        kind: "forward" as const,
        forward: (values, batch) => ({ vectors: student.userTower(studentValues(values), batch) }),
      },
      items: {
        kind: "forward" as const,
        forward: (values, batch) => ({ vectors: student.itemTower(studentValues(values), batch) }),
      },
    }),
    ...(teacher && {
      teacherLists: {
        kind: "forward" as const,
        forward: (values, batch) => ({ ctcvr: teacher.forward(teacherValues(values), batch).ctcvr }),
      },
    }),
    ...(teacher &&
      config.teacher && {
        gates: {
          kind: "forward" as const,
          forward: (values, batch) => ({ gates: teacher.forward(teacherValues(values), batch).gates! }),
        },
      }),
  } satisfies Entries<ModelParameters>;
}

function trainStep(
  config: RunConfig,
  { teacher, student, numItems }: Models,
  losses: OwnLosses,
): Step<ModelParameters> {
  return (values, batch, context) => {
    const trained = config.train.teacher !== undefined;
    const heads = teacher?.forward(teacherValues(values), batch, trained ? context.noise : undefined);
    const terms: Term[] = heads !== undefined && trained ? teacherTerms(config, heads, batch) : [];
    if (student === undefined) return combineTerms(terms, context);
    const own = studentValues(values);
    const bank = values.bank instanceof tf.Tensor ? values.bank : undefined;
    const scores = studentScores({ student, values: own, batch, context, bank });
    const spaces = distillationSpaces({ student, values: own, batch, context, scores, heads });
    const learned = values.terms as Readonly<Record<string, TermValues>>;
    const add = (name: string, loss: tf.Scalar): void => {
      const { logVariance } = learned[name] ?? {};
      terms.push({ name, loss, ...(logVariance && { logVariance }) });
    };
    for (const loss of config.student!.losses) add(hardName(loss), hardTerm(loss, scores, batch));
    for (const term of config.distill) {
      const name = distillName(term);
      add(
        name,
        distillTermLoss(term, learned[name] ?? {}, { spaces, scores, heads, batch, context, numItems, losses }),
      );
    }
    const result = combineTerms(terms, context);
    return bank === undefined ? result : { ...result, loss: withBank(result.loss, bank, scores, batch) };
  };
}

/** The loss, with the term of value 0 that moves the memory bank on. */
function withBank(loss: tf.Scalar, bank: tf.Tensor, scores: StudentScores, batch: TensorBatch): tf.Scalar {
  const rows = scores.users.shape[0]!;
  const moved = bankUpdate(bank, {
    vectors: scores.ownItems,
    logQ: batch.columnLogQ === undefined ? tf.zeros([rows]) : tf.slice(batch.columnLogQ, [0], [rows]),
    itemIndex: ownColumn(batch.itemIndex!),
    mask: tf.cast(tf.greater(batch.weight!, 0), "float32"),
  });
  return tf.add(loss, moved) as tf.Scalar;
}

function teacherTerms(config: RunConfig, heads: RankerOutputs, batch: TensorBatch): Term[] {
  const weights = candidateWeights(batch);
  return Object.entries(config.teacher!.labels).map(([head, name]) => ({
    name: `teacher/${head}`,
    loss: weightedMean(binaryCrossEntropy(heads[head as "ctr" | "ctcvr"], batch[`label/${name}`]!), weights),
  }));
}

/** Logits of one model alone on rows or lists: ctr, cvr and ctcvr of the ranker, `score` of the two-tower model. */
export function forwardHeads({ teacher, student }: Models, model: "teacher" | "student"): Forward<ModelParameters> {
  return (values, batch) => {
    if (model === "teacher") {
      const { ctr, cvr, ctcvr } = teacher!.forward(teacherValues(values), batch);
      return { ctr, cvr, ctcvr };
    }
    const own = studentValues(values);
    return { score: student!.score(own, student!.userTower(own, batch), student!.itemTower(own, batch)) };
  };
}

function scoreRows({ teacher, student }: Models): Forward<ModelParameters> {
  return (values, batch) => {
    const heads = teacher?.forward(teacherValues(values), batch);
    const own = studentValues(values);
    return {
      ...(heads && { "teacher/ctr": heads.ctr, "teacher/ctcvr": heads.ctcvr }),
      ...(student && { student: student.score(own, student.userTower(own, batch), student.itemTower(own, batch)) }),
    };
  };
}
