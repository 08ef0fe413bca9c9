import type * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../errors.ts";
import type { Initialiser } from "./initialisers.ts";
import type { TableValue } from "./lookup.ts";

/** A dense tensor that an optimiser may move. A plain record: it holds no values. */
export interface DenseParameter {
  readonly kind: "dense";
  /** Stable path, as checkpoints name it: `teacher/experts/0/kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /** The optimiser group that moves it. */
  readonly group: string;
}

/**
 * An embedding table, read only through `lookup`. Row 0 is the padding row: it starts at zero and no optimiser moves it.
 */
export interface TableParameter {
  readonly kind: "table";
  readonly name: string;
  readonly rows: number;
  readonly width: number;
  readonly initialiser: Initialiser;
  readonly group: string;
  /** `rows`: one update of the rows a batch touched, summed over duplicates. `dense`: any dense optimiser moves all rows. */
  readonly update: "rows" | "dense";
}

export type Parameter = DenseParameter | TableParameter;

/** Parameters of a model as its functions take them: records and lists of parameters, to any depth. */
export type ParameterTree = Parameter | readonly ParameterTree[] | { readonly [name: string]: ParameterTree };

/** The same tree with tensors for dense parameters and lookup handles for tables. */
export type Values<T> = T extends DenseParameter
  ? tf.Tensor
  : T extends TableParameter
    ? TableValue
    : T extends readonly (infer Item)[]
      ? readonly Values<Item>[]
      : { readonly [K in keyof T]: Values<T[K]> };

export function isParameter(node: unknown): node is Parameter {
  const kind = (node as { kind?: unknown } | null)?.kind;
  return (kind === "dense" || kind === "table") && typeof (node as { name?: unknown }).name === "string";
}

/**
 * Every parameter of the tree once, in order of appearance. One parameter may stand in several places (shared).
 *
 * @throws {ConfigError} two different parameters have one name.
 */
export function listParameters(tree: ParameterTree): readonly Parameter[] {
  const found = new Map<string, Parameter>();
  const visit = (node: ParameterTree): void => {
    if (!isParameter(node)) {
      for (const child of Object.values(node)) visit(child);
      return;
    }
    const known = found.get(node.name);
    if (known !== undefined && known !== node) {
      throw new ConfigError(`listParameters: parameter names must be unique, got two different "${node.name}"`);
    }
    found.set(node.name, node);
  };
  visit(tree);
  return [...found.values()];
}

/** The tree with every parameter replaced by its value. */
export function bindValues<T extends ParameterTree>(
  tree: T,
  value: (parameter: Parameter) => tf.Tensor | TableValue,
): Values<T> {
  const bind = (node: ParameterTree): unknown => {
    if (isParameter(node)) return value(node);
    if (Array.isArray(node)) return node.map(bind);
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, bind(child)]));
  };
  return bind(tree) as Values<T>;
}

/** Number of values of a parameter. */
export function parameterSize(parameter: Parameter): number {
  return parameter.kind === "table"
    ? parameter.rows * parameter.width
    : parameter.shape.reduce((product, dimension) => product * dimension, 1);
}
