// The small step of the benchmark: two towers of 64-32 over one table, hard labels.
import * as tf from "@tensorflow/tfjs";
import { lookup } from "../../src/engine/lookup.ts";
import type { TableParameter } from "../../src/engine/parameters.ts";
import type { TrainEntry } from "../../src/engine/step.ts";
import { l2Normalise } from "../../src/nn/l2-normalise.ts";
import { applyMlp, type Mlp, mlp } from "../../src/nn/mlp.ts";
import { crossEntropy, FIELDS, OPTIMISER, stepTable, USER_FIELDS, WIDTH } from "./joint-model.ts";

type Parameters = { readonly table: TableParameter; readonly user: Mlp; readonly item: Mlp };

/** Parameters of the student alone, with one table of `rows` rows. */
export function dssmParameters(rows: number): Parameters {
  const scope = (name: string) => ({ name: `student/${name}`, group: "student", seed: 0 });
  return {
    table: stepTable("student", rows),
    user: mlp(scope("user"), USER_FIELDS * WIDTH, [64, 32]),
    item: mlp(scope("item"), (FIELDS - USER_FIELDS) * WIDTH, [64, 32]),
  };
}

export const dssmEntry: TrainEntry<Parameters> = {
  kind: "train",
  optimisers: { student: OPTIMISER },
  step: (values, batch) => {
    const [rows, width] = [batch.ids!.shape[0]!, USER_FIELDS * WIDTH];
    const e = tf.reshape(lookup(values.table, batch.ids!), [rows, FIELDS * WIDTH]);
    const [userFields, itemFields] = tf.split(e, [width, FIELDS * WIDTH - width], 1);
    const user = l2Normalise(applyMlp(values.user, userFields!));
    const item = l2Normalise(applyMlp(values.item, itemFields!));
    const logits = tf.mul(tf.sum(tf.mul(user, item), -1), 10);
    return { loss: crossEntropy(logits, batch.click!) as tf.Scalar, parts: {} };
  },
};
