import { ConfigError } from "../errors.ts";
import { floatBytes, type MemoryShare, memoryProblem, refusedTensor, SMALLER_BATCH } from "../memory-limit.ts";
import { roundKeys } from "../random.ts";
import type { Call } from "./call.ts";
import { eagerExecutor } from "./eager.ts";
import { type CaptureReport, type Executor, findEntry } from "./executor.ts";
import type { NativeEngine } from "./native.ts";
import type { ParameterTree } from "./parameters.ts";
import { replayExecutor } from "./replay.ts";
import type { Entries, HostBatch, HostTensor } from "./step.ts";
import { scalarName } from "./updates.ts";
import { listVariables, movedParameters, rowChunks, rowCount, rowSize, type Variable } from "./variables.ts";

/** Rates of one optimiser group at one step. */
export interface Rates {
  readonly dense: number;
  /** Rate of row-updated tables; default: that of `dense`. */
  readonly table?: number;
}

export interface StepCall {
  readonly batch: HostBatch;
  /** Rate(s) a group. */
  readonly rates: Readonly<Record<string, number | Rates>>;
  /** Values of `context.inputs`. */
  readonly inputs?: Readonly<Record<string, number>>;
}

export interface StepReport {
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  /** Joint gradient norm a group before clipping; only of groups with `clipNorm`. */
  readonly gradientNorms: Readonly<Record<string, number>>;
}

/** Parameters, optimiser state and the entries over them. */
export interface Program {
  readonly executor: "eager" | "replay";
  readonly variables: readonly Variable[];
  readonly captures: readonly CaptureReport[];
  /** Runs a training entry once. */
  readonly train: (entry: string, call: StepCall) => StepReport;
  /** Runs a forward entry. */
  readonly forward: (
    entry: string,
    batch: HostBatch,
    inputs?: Readonly<Record<string, number>>,
  ) => Readonly<Record<string, HostTensor>>;
  /** Steps done, per slots name: what Adam's bias correction and the noise count. */
  readonly counts: () => Readonly<Record<string, number>>;
  readonly setCounts: (counts: Readonly<Record<string, number>>) => void;
  /** Values of a variable, whole or by rows (tables). */
  readonly read: (name: string, from?: number, to?: number) => Float32Array;
  readonly write: (name: string, values: Float32Array, from?: number) => void;
  readonly close: () => void;
}

export interface ProgramOptions {
  /** The native runtime; without it, or with `eager: true`, steps run op by op. */
  readonly native?: NativeEngine | undefined;
  readonly eager?: boolean;
  /** Seed of the steps' noise. */
  readonly seed?: number;
  /** Bytes of memory that there can be. Default: what the machine or the container has; of a GPU's own nothing is known. */
  readonly memoryLimit?: number;
}

/**
 * Creates the variables with their first values; entries are captured when they are first run.
 *
 * @throws {ConfigError} parameters and optimiser state cannot be in memory.
 */
export function createProgram<P extends ParameterTree>(
  tree: P,
  entries: Entries<P>,
  options: ProgramOptions = {},
): Program {
  const { native, eager = false, seed = 0, memoryLimit } = options;
  if (!native?.gpu || memoryLimit !== undefined) assertVariablesFit(listVariables(tree, entries), memoryLimit);
  const executor: Executor =
    native === undefined || eager ? eagerExecutor(tree, entries) : replayExecutor(native, tree, entries);
  const byName = new Map(executor.variables.map((variable) => [variable.name, variable]));
  let counts: Record<string, number> = {};
  const find = (name: string): Variable => {
    const variable = byName.get(name);
    if (variable === undefined) throw new ConfigError(`program: variable must be one of the program's, got "${name}"`);
    return variable;
  };
  const noiseKeys = (...path: readonly (string | number)[]): Float32Array =>
    Float32Array.from(roundKeys(seed, "step", ...path), (key) => key / 4096);
  return {
    executor: executor.kind,
    variables: executor.variables,
    captures: executor.captures,
    train: (name, { batch, rates, inputs = {} }) => {
      const entry = findEntry(entries, name);
      if (entry.kind !== "train")
        throw new ConfigError(`program.train: entry must be a training entry, got "${name}"; use program.forward`);
      const slots = entry.slots ?? name;
      const step = (counts[slots] ?? 0) + 1;
      const scalars: Record<string, number> = { ...inputs };
      for (const { rule, group } of movedParameters(tree, name, entry)) {
        const rate = rateOf(rates, group, rule.kind);
        for (const [scalar, value] of Object.entries(rule.rule.scalars(rate, step)))
          scalars[scalarName(group, rule.kind, scalar)] = value;
      }
      const call: Call = { batch, scalars, keys: noiseKeys(slots, step) };
      const outputs = runWhereItFits(executor, name, call);
      counts = { ...counts, [slots]: step };
      return stepReport(outputs);
    },
    forward: (name, batch, inputs = {}) => {
      if (findEntry(entries, name).kind !== "forward")
        throw new ConfigError(`program.forward: entry must be a forward entry, got "${name}"; use program.train`);
      return runWhereItFits(executor, name, { batch, scalars: inputs, keys: noiseKeys("forward") });
    },
    counts: () => counts,
    setCounts: (next) => {
      counts = { ...next };
    },
    read: (name, from = 0, to) => {
      const variable = find(name);
      return executor.read(variable, from, to ?? rowCount(variable));
    },
    write: (name, values, from = 0) => {
      const variable = find(name);
      const size = rowSize(variable);
      if (values.length % size !== 0 || from + values.length / size > rowCount(variable)) {
        throw new ConfigError(
          `program.write: values of "${name}" must be whole rows of [${variable.shape}], got ${values.length} values from row ${from}`,
        );
      }
      executor.write(variable, from, values);
    },
    close: () => executor.close(),
  };
}

/** @throws {ConfigError} memory ran out. */
function runWhereItFits(executor: Executor, entry: string, call: Call): ReturnType<Executor["run"]> {
  try {
    return executor.run(entry, call);
  } catch (error) {
    const refused = refusedTensor(error);
    if (refused === undefined) throw error;
    const shapes = Object.entries(call.batch).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    throw new ConfigError(
      `program: memory must hold a step of entry "${entry}", got ${refused} with a batch of ${shapes.join(", ")}; ` +
        SMALLER_BATCH,
      { cause: error },
    );
  }
}

/** Bytes of variables, each a float32. */
export function variableShares(variables: readonly Pick<Variable, "name" | "shape">[]): readonly MemoryShare[] {
  return variables.map(({ name, shape }) => ({ name, bytes: floatBytes(shape) }));
}

function assertVariablesFit(variables: readonly Variable[], limit: number | undefined): void {
  const cure = "make tables narrower or hash them to fewer rows, or use a machine with more memory";
  const where = "parameters and optimiser state";
  const shares = variableShares(variables);
  const problem = memoryProblem({ where, shares, cure, ...(limit !== undefined && { limit }) });
  if (problem !== undefined) throw new ConfigError(problem);
}

/** Every variable in chunks of rows: what checkpoints and copies read. */
export function* variableChunks(program: Program, variable: Variable): Generator<Float32Array> {
  for (const [from, to] of rowChunks(variable)) yield program.read(variable.name, from, to);
}

function rateOf(rates: StepCall["rates"], group: string, kind: "dense" | "rows"): number {
  const given = rates[group];
  const rate = typeof given === "object" ? (kind === "rows" ? (given.table ?? given.dense) : given.dense) : given;
  if (rate === undefined || !Number.isFinite(rate)) {
    throw new ConfigError(`program.train: rates must hold a finite number for group "${group}", got ${rate}`);
  }
  return rate;
}

function stepReport(outputs: Readonly<Record<string, HostTensor>>): StepReport {
  const report = { loss: 0, parts: {} as Record<string, number>, gradientNorms: {} as Record<string, number> };
  for (const [name, { data }] of Object.entries(outputs)) {
    if (name === "loss") report.loss = data[0]!;
    else if (name.startsWith("part/")) report.parts[name.slice(5)] = data[0]!;
    else report.gradientNorms[name.slice("gradientNorm/".length)] = data[0]!;
  }
  return report;
}
