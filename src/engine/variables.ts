import { initialValues } from "./initialisers.ts";
import { denseRule, type Optimiser, tableRule } from "./optimisers/index.ts";
import type { DenseRule, Slot, TableRule } from "./optimisers/rule.ts";
import { listParameters, type Parameter, type ParameterTree } from "./parameters.ts";
import type { Entries, TrainEntry } from "./step.ts";

/** A tensor that a program keeps from call to call: a parameter's values or an optimiser's slot. */
export interface Variable {
  /** The parameter's name, or `<slots>/<parameter>/<slot>`. */
  readonly name: string;
  readonly role: "parameter" | "slot";
  readonly shape: readonly number[];
  /** Values before the first step: those of the parameter, or one constant. */
  readonly initial:
    | { readonly kind: "parameter"; readonly parameter: Parameter }
    | { readonly kind: "constant"; readonly value: number };
  /** True for tables and their slots: read and written by rows. */
  readonly byRows: boolean;
  /** True where an optimiser moves only the rows that a batch touches. */
  readonly rowUpdated: boolean;
}

/** A parameter that a training entry moves, with the rule that moves it. */
export interface MovedParameter {
  readonly parameter: Parameter;
  readonly group: string;
  readonly optimiser: Optimiser;
  /** Slot name -> variable name. */
  readonly slots: Readonly<Record<string, string>>;
  readonly rule:
    | { readonly kind: "dense"; readonly rule: DenseRule }
    | { readonly kind: "rows"; readonly rule: TableRule };
}

/** All parameters that `entry` moves, in order of the tree. */
export function movedParameters<P extends ParameterTree>(
  tree: P,
  entryName: string,
  entry: TrainEntry<P>,
): readonly MovedParameter[] {
  return listParameters(tree).flatMap((parameter) => {
    const optimiser = entry.optimisers[parameter.group];
    if (optimiser === undefined) return [];
    const rows = parameter.kind === "table" && parameter.update === "rows";
    const rule = rows
      ? { kind: "rows" as const, rule: tableRule(optimiser.table) }
      : { kind: "dense" as const, rule: denseRule(optimiser.dense) };
    const prefix = `${entry.slots ?? entryName}/${parameter.name}`;
    const slots = Object.fromEntries(rule.rule.slots.map((slot) => [slot.name, `${prefix}/${slot.name}`]));
    return [{ parameter, group: parameter.group, optimiser, slots, rule }];
  });
}

/** Every variable of a program: parameters first, then slots; entries that share slots share variables. */
export function listVariables<P extends ParameterTree>(tree: P, entries: Entries<P>): readonly Variable[] {
  const found = new Map<string, Variable>();
  for (const parameter of listParameters(tree)) {
    const initial =
      parameter.initialiser.kind === "constant" ? parameter.initialiser : { kind: "parameter" as const, parameter };
    found.set(parameter.name, {
      name: parameter.name,
      role: "parameter",
      shape: parameterShape(parameter),
      initial,
      ...storage(parameter),
    });
  }
  for (const [entryName, entry] of Object.entries(entries)) {
    if (entry.kind !== "train") continue;
    for (const { parameter, slots, rule } of movedParameters(tree, entryName, entry)) {
      for (const slot of rule.rule.slots) {
        const name = slots[slot.name]!;
        found.set(name, {
          name,
          role: "slot",
          shape: slotShape(parameter, slot),
          initial: { kind: "constant", value: slot.initial },
          ...storage(parameter),
        });
      }
    }
  }
  return [...found.values()];
}

function storage(parameter: Parameter): Pick<Variable, "byRows" | "rowUpdated"> {
  const byRows = parameter.kind === "table";
  return { byRows, rowUpdated: byRows && parameter.update === "rows" };
}

export function parameterShape(parameter: Parameter): readonly number[] {
  return parameter.kind === "table" ? [parameter.rows, parameter.width] : parameter.shape;
}

function slotShape(parameter: Parameter, slot: Slot): readonly number[] {
  return slot.extent === "row" && parameter.kind === "table" ? [parameter.rows, 1] : parameterShape(parameter);
}

/** Values per row of a variable kept by rows, or of the whole variable. */
export function rowSize(variable: Variable): number {
  return (variable.byRows ? variable.shape.slice(1) : variable.shape).reduce((product, size) => product * size, 1);
}

export function rowCount(variable: Variable): number {
  return variable.byRows ? variable.shape[0]! : 1;
}

/** First values of rows `from` .. `to - 1` of a variable; the padding row of a table is zero. */
export function initialRows(variable: Variable, from: number, to: number): Float32Array {
  const size = rowSize(variable);
  if (variable.initial.kind === "constant") return new Float32Array((to - from) * size).fill(variable.initial.value);
  const { initialiser, name, kind } = variable.initial.parameter;
  const values = initialValues(initialiser, name, from * size, to * size);
  if (kind === "table" && from === 0) values.fill(0, 0, size);
  return values;
}

/** Row ranges of about `bytes` each that cover a variable. */
export function* rowChunks(variable: Variable, bytes = 2 ** 24): Generator<readonly [from: number, to: number]> {
  const rows = rowCount(variable);
  const step = Math.max(1, Math.floor(bytes / (4 * rowSize(variable))));
  for (let from = 0; from < rows; from += step) yield [from, Math.min(rows, from + step)];
}
