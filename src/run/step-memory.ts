// B = rows of a batch, L = items a row
import { batchesPerEpoch, listLength } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import { BATCHES_AHEAD } from "../data/stream-batches.ts";
import { listParameters, type ParameterTree } from "../engine/parameters.ts";
import { ConfigError } from "../errors.ts";
import { floatBytes, type MemoryShare, memoryProblem, SMALLER_BATCH } from "../memory-limit.ts";
import { batchSpecOf } from "./batch-spec.ts";
import { isInBatch } from "./config/hard-loss-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import type { Models } from "./models.ts";
import { rankedSources } from "./rankings.ts";

/** A batch of B rows with L items each. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
}

/** Tensors of an affine layer's size: its product, that with the bias, and the gradient of it where the model learns. */
const LAYER_TENSORS = { learns: 3, frozen: 2 } as const;
/** Tensors of the size of an in-batch loss's matrix: its product, what the loss makes of it, and the gradient. */
const MATRIX_TENSORS = 3;

/**
 * Bytes of what a model's affine layers make of a batch; a captured step holds all of it at once. Embeddings, activations
 * and losses are not counted: it is a lower bound.
 *
 * @param parameters - of a model; where they have a `user` and an `item` tower, the first one sees rows and not items.
 */
export function layerBytes(
  parameters: ParameterTree,
  { rows, length }: BatchShape,
  mode: keyof typeof LAYER_TENSORS = "learns",
): number {
  const { user, item } = parameters as Readonly<Record<string, ParameterTree | undefined>>;
  const numbers =
    user === undefined || item === undefined
      ? rows * length * layerOutputs(parameters)
      : rows * layerOutputs(user) + rows * length * layerOutputs(item);
  return floatBytes([LAYER_TENSORS[mode], numbers]);
}

/** Numbers that affine layers give for one input: kernels are [in, out], or [experts, in, out]. */
function layerOutputs(tree: ParameterTree): number {
  const kernels = listParameters(tree).flatMap((parameter) =>
    parameter.kind === "dense" && parameter.name.endsWith("/kernel") ? [parameter.shape] : [],
  );
  return kernels.reduce((sum, shape) => sum + (shape.length === 3 ? shape[0]! : 1) * shape.at(-1)!, 0);
}

/** What a training step of a run makes: layers on the rows and the stored lists, and the matrix of in-batch losses. */
export function stepShares(
  config: RunConfig,
  { teacher, student }: Pick<Models, "teacher" | "student">,
  dataset: Dataset,
): readonly MemoryShare[] {
  const spec = batchSpecOf(config, dataset);
  const rows = spec.size;
  const shape = { rows, length: listLength(spec) };
  const { lists } = config.scores ?? {};
  const stored = lists && { rows: lists.users, length: lists.top + lists.uniform };
  const shared = rows + (spec.sharedItems ?? 0);
  const columns = shared + (config.inBatch?.bank?.size ?? 0);
  const hasMatrix = (config.student?.losses ?? []).some(isInBatch);
  const { workers, epochs } = config.train;
  const streamed = rankedSources(config)[0]?.refresh ?? epochs; // batches behind the next ranking are not prepared
  const prepared = Math.min(batchesPerEpoch(spec) * streamed, workers === 0 ? 1 : 1 + BATCHES_AHEAD);
  const taught = config.train.teacher === undefined ? "frozen" : "learns";
  return [
    ...(teacher ? [{ name: `teacher on ${pairs(shape)}`, bytes: layerBytes(teacher.parameters, shape, taught) }] : []),
    ...(student ? [{ name: `student on ${pairs(shape)}`, bytes: layerBytes(student.parameters, shape) }] : []),
    ...(student && stored
      ? [{ name: `student on ${pairs(stored)} of the store`, bytes: layerBytes(student.parameters, stored) }]
      : []),
    ...(hasMatrix
      ? [{ name: `in-batch scores of ${rows} x ${columns}`, bytes: floatBytes([MATRIX_TENSORS, rows, columns]) }]
      : []),
    ...(spec.knownMatrix
      ? [{ name: `known pairs of a step and ${prepared} prepared`, bytes: floatBytes([prepared + 1, rows, shared]) }]
      : []),
  ];
}

export const pairs = ({ rows, length }: BatchShape): string => `${rows} x ${length} pairs`;

/** @throws {ConfigError} a step cannot be in memory. */
export function assertStepFits(where: string, shares: readonly MemoryShare[]): void {
  const problem = memoryProblem({ where, shares, cure: SMALLER_BATCH });
  if (problem !== undefined) throw new ConfigError(problem);
}
