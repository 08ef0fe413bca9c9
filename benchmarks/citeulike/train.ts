// One two-tower of embeddings alone (matrix factorisation), by BPR and any distillation terms.
import * as tf from "@tensorflow/tfjs";
import { logisticOverNegatives } from "../../src/distill/losses/over-negatives.ts";
import { type Schedule, scheduleValue } from "../../src/distill/schedule.ts";
import { lookup, type TableValue } from "../../src/engine/lookup.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import type { HostBatch, HostTensor, Step } from "../../src/engine/step.ts";
import { permutation, type RandomStream, randomStream } from "../../src/random.ts";
import { dot, type Quality, quality, type Vectors } from "./protocol.ts";
import { candidates, type Split, trainItems } from "./split.ts";
import { drawLists, type Lists, rankedLists } from "./teacher-lists.ts";
import { embeddingTable, expertLoss, expertParameters, type Term } from "./terms.ts";

export interface Training {
  readonly split: Split;
  readonly native: NativeEngine;
  readonly seed: number;
  readonly width: number;
  /** By epoch. */
  readonly rate: Schedule;
  readonly l2: number;
  readonly epochs: number;
  /** Epochs without a better H@5 on validation after which training stops. */
  readonly patience: number;
  /** Epochs between two looks at the validation part. Default 1. */
  readonly every?: number;
  readonly batchSize?: number;
  /** Users whose lists a step sees. */
  readonly listUsers?: number;
  /** Where the vectors start, in place of small random numbers. */
  readonly start?: Vectors;
  readonly teacher?: { readonly vectors: Vectors; readonly ranked: Lists };
  readonly terms?: readonly Term[];
  readonly onEpoch?: (epoch: number, validation: Quality, loss: number) => void;
}

export interface Trained {
  readonly vectors: Vectors;
  readonly epoch: number;
  readonly epochs: number;
  readonly validation: Quality;
  readonly test: Quality;
  readonly seconds: number;
}

/** Trains, keeps the vectors of the epoch that is best by H@5 on validation, and judges those on the test part. */
export async function train(training: Training): Promise<Trained> {
  const { split, native, seed, width, rate, l2, epochs, patience, every = 1, batchSize = 1024 } = training;
  const { terms = [], teacher, listUsers = 128 } = training;
  const started = performance.now();
  const expertTerm = terms.find((term) => term.kind === "experts");
  const tables = {
    users: embeddingTable("users", split.users, width, seed),
    items: embeddingTable("items", split.items, width, seed + 1000),
  };
  const parameters = {
    ...tables,
    experts: expertTerm === undefined ? {} : expertParameters(width, teacher!.vectors.width, expertTerm.experts, seed),
  };
  const towers = { dense: { kind: "adam" }, table: { kind: "lazy-adam" } } as const;
  const program = createProgram(
    parameters,
    {
      train: {
        kind: "train",
        step: stepOf(terms, split.items) as Step<typeof parameters>,
        optimisers: { towers: { ...towers, l2 }, ...(expertTerm && { experts: towers }) },
      },
    },
    { native, seed },
  );
  if (training.start !== undefined)
    for (const name of ["users", "items"] as const) program.write(name, training.start[name], 1);
  const rows = trainingRows(split);
  const steps = Math.floor(rows.users.length / batchSize);
  const judged = { validation: candidates(split, "validation", 7), test: candidates(split, "test", 7) };
  const vectorsNow = (): Vectors => ({
    width,
    users: program.read("users", 1),
    items: program.read("items", 1),
  });
  let best: Pick<Trained, "vectors" | "epoch" | "validation"> | undefined;
  let epoch = 0;
  try {
    while (epoch < epochs && epoch - (best?.epoch ?? 0) < patience) {
      epoch++;
      const stream = randomStream(seed, "epoch", epoch);
      const order = permutation(rows.users.length, stream);
      const lists = await listsOf(training, epoch, vectorsNow);
      const userOrder = endless(split.users, stream);
      const rateNow = scheduleValue(rate, epoch - 1);
      let loss = 0;
      for (let step = 0; step < steps; step++) {
        const batch: Record<string, HostTensor> = pairBatch(
          split,
          rows,
          order.subarray(step * batchSize, (step + 1) * batchSize),
          stream,
        );
        if (lists.some(Boolean)) Object.assign(batch, listBatch(lists, take(userOrder, listUsers)));
        if (expertTerm) Object.assign(batch, expertBatch(teacher!.vectors, split, userOrder, stream));
        const expertTemperature = 1e-10 ** (Math.min(epoch, 100) / 100);
        loss += program.train("train", {
          batch,
          rates: { towers: rateNow, experts: rateNow },
          inputs: expertTerm ? { expertTemperature } : {},
        }).loss;
      }
      if (epoch % every !== 0) continue;
      const vectors = vectorsNow();
      const validation = quality(vectors, judged.validation);
      training.onEpoch?.(epoch, validation, loss / steps);
      if (best === undefined || validation["H@5"] > best.validation["H@5"]) best = { vectors, epoch, validation };
    }
  } finally {
    program.close();
  }
  const test = quality(best!.vectors, judged.test);
  return { ...best!, epochs: epoch, test, seconds: (performance.now() - started) / 1000 };
}

type Tables = { readonly users: TableValue; readonly items: TableValue; readonly experts: unknown };

function stepOf(terms: readonly Term[], numItems: number) {
  const scores = ({ users, items }: Tables, userIds: tf.Tensor, itemIds: tf.Tensor): tf.Tensor =>
    tf.sum(tf.mul(tf.expandDims(lookup(users, userIds), 1), lookup(items, itemIds)), 2);
  return (values: Tables, batch: Readonly<Record<string, tf.Tensor>>, context: Parameters<Step<never>>[2]) => {
    const hard = tf.mean(logisticOverNegatives(scores(values, batch.users!, batch.items!))) as tf.Scalar;
    let loss = hard;
    for (const [i, term] of terms.entries()) {
      const value =
        term.kind === "experts"
          ? expertLoss(values.experts as never, values, batch, context)
          : tf.mean(
              term.loss(
                {
                  student: scores(values, batch["list/users"]!, batch[`list/${i}/items`]!),
                  teacher: batch[`list/${i}/scores`]!,
                  numItems,
                },
                context,
              ),
            );
      loss = tf.add(loss, tf.mul(value, term.weight));
    }
    return { loss, parts: { hard } };
  };
}

interface Rows {
  readonly users: Int32Array;
  readonly items: Int32Array;
}

function trainingRows({ users, train: { offsets, items } }: Split): Rows {
  const owners = new Int32Array(items.length);
  for (let user = 0; user < users; user++) owners.fill(user, offsets[user]!, offsets[user + 1]!);
  return { users: owners, items };
}

/** Rows with one item each that the user does not have. Ids are one up: table row 0 is padding. */
function pairBatch(split: Split, rows: Rows, chosen: Int32Array, stream: RandomStream): Record<string, HostTensor> {
  const users = Int32Array.from(chosen, (row) => rows.users[row]! + 1);
  const items = new Int32Array(2 * chosen.length);
  for (const [i, row] of chosen.entries()) {
    const own = trainItems(split, rows.users[row]!);
    let negative = stream.integer(split.items);
    while (own.includes(negative)) negative = stream.integer(split.items);
    items[2 * i] = rows.items[row]! + 1;
    items[2 * i + 1] = negative + 1;
  }
  return {
    users: { data: users, shape: [chosen.length] },
    items: { data: items, shape: [chosen.length, 2] },
  };
}

async function listsOf(
  { terms = [], teacher, split, seed }: Training,
  epoch: number,
  vectorsNow: () => Vectors,
): Promise<readonly (Lists | undefined)[]> {
  const out: (Lists | undefined)[] = [];
  for (const [i, term] of terms.entries()) {
    if (term.kind === "experts") {
      out.push(undefined);
      continue;
    }
    const by = term.by === "student" ? await rankedByStudent(teacher!.vectors, vectorsNow(), split) : teacher!.ranked;
    const student = term.draw.own && (await rankedLists(vectorsNow(), split, teacher!.ranked.width));
    out.push(drawLists(teacher!.vectors, by, split, term.draw, { seed: seed * 100 + i, epoch }, student));
  }
  return out;
}

/** The student's best items, with the teacher's scores of them. */
async function rankedByStudent(teacher: Vectors, student: Vectors, split: Split): Promise<Lists> {
  const own = await rankedLists(student, split, 200);
  const scores = Float32Array.from(own.items, (item, at) => dot(teacher, Math.floor(at / own.width), item));
  return { ...own, scores };
}

/** User numbers in one random order after the other. */
function* endless(users: number, stream: RandomStream): Generator<number, never> {
  for (;;) yield* permutation(users, stream);
}

function take(users: Generator<number, never>, count: number): Int32Array {
  return Int32Array.from({ length: count }, () => users.next().value);
}

function listBatch(lists: readonly (Lists | undefined)[], users: Int32Array): HostBatch {
  const batch: Record<string, HostTensor> = {
    "list/users": { data: users.map((user) => user + 1), shape: [users.length] },
  };
  for (const [i, list] of lists.entries()) {
    if (list === undefined) continue;
    const shape = [users.length, list.width];
    const items = new Int32Array(users.length * list.width);
    const scores = new Float32Array(items.length);
    for (const [row, user] of users.entries()) {
      for (let j = 0; j < list.width; j++) items[row * list.width + j] = list.items[user * list.width + j]! + 1;
      scores.set(list.scores.subarray(user * list.width, (user + 1) * list.width), row * list.width);
    }
    batch[`list/${i}/items`] = { data: items, shape };
    batch[`list/${i}/scores`] = { data: scores, shape };
  }
  return batch;
}

const EXPERT_ROWS = 256;

function expertBatch(
  teacher: Vectors,
  split: Split,
  userOrder: Generator<number, never>,
  stream: RandomStream,
): HostBatch {
  const users = take(userOrder, EXPERT_ROWS);
  const items = Int32Array.from(
    { length: EXPERT_ROWS },
    () => split.train.items[stream.integer(split.train.items.length)]!,
  );
  const side = (name: "user" | "item", chosen: Int32Array, vectors: Float32Array): HostBatch => {
    const data = new Float32Array(chosen.length * teacher.width);
    for (const [row, at] of chosen.entries())
      data.set(vectors.subarray(at * teacher.width, (at + 1) * teacher.width), row * teacher.width);
    return {
      [`expert/${name}/ids`]: { data: chosen.map((at) => at + 1), shape: [chosen.length] },
      [`expert/${name}/teacher`]: { data, shape: [chosen.length, teacher.width] },
    };
  };
  return { ...side("user", users, teacher.users), ...side("item", items, teacher.items) };
}
