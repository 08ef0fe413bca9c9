import { ConfigError } from "../errors.ts";
import { didYouMean } from "./config-messages.ts";

/** An expression over columns, checked against the closed set of operations. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "call"; readonly operation: Operation; readonly operands: readonly Expression[] };

const LOGIC = ["and", "or", "xor", "not"] as const;
const COMPARISONS = ["equal", "unequal", "smaller", "smallerEq", "larger", "largerEq"] as const;
const ARITHMETIC = ["add", "subtract", "multiply", "divide", "pow", "mod", "unaryMinus", "unaryPlus"] as const;
const FUNCTIONS = ["min", "max", "abs", "log", "exp", "sqrt", "round", "floor", "ceil", "mod", "isnull"] as const;
const MAX_CHARACTERS = 2000;
/** Operations within operations: what the stack holds when a row is evaluated. */
const MAX_DEPTH = 1000;

/** What an expression may do. */
export type Operation =
  | (typeof LOGIC)[number]
  | (typeof COMPARISONS)[number]
  | (typeof ARITHMETIC)[number]
  | (typeof FUNCTIONS)[number];

/** [fewest, most] operands of each function. */
const ARITY: Readonly<Record<(typeof FUNCTIONS)[number], readonly [number, number]>> = {
  min: [1, 64],
  max: [1, 64],
  abs: [1, 1],
  log: [1, 2],
  exp: [1, 1],
  sqrt: [1, 1],
  round: [1, 1],
  floor: [1, 1],
  ceil: [1, 1],
  mod: [2, 2],
  isnull: [1, 1],
};

const OPERATORS: ReadonlySet<string> = new Set([...LOGIC, ...COMPARISONS, ...ARITHMETIC]);
const CLOSED_SET = `comparison, and, or, xor, not, + - * / ^ mod, and ${[...FUNCTIONS, "column"].join(", ")}`;

/** The fields of the parser's nodes that are read here. */
interface ParsedNode {
  readonly type: string;
  readonly name?: string;
  readonly value?: unknown;
  readonly op?: string;
  readonly fn?: string | { readonly type: string; readonly name?: string };
  readonly implicit?: boolean;
  readonly args?: readonly ParsedNode[];
  readonly content?: ParsedNode;
  readonly conditionals?: readonly string[];
  readonly params?: readonly ParsedNode[];
}

/** Options of parseExpression. */
export interface ParseExpressionOptions {
  /** Names that the expression may use. */
  readonly columns: readonly string[];
  /** The setting that holds the expression, for messages: `data.labels.ctr`. */
  readonly where: string;
}

/**
 * Parses an expression in the syntax of mathjs and checks every part of it against a closed set: columns, numbers,
 * comparison, logic, arithmetic and a few functions. `column("any name")` names columns that are no identifiers.
 *
 * @throws {ConfigError} a syntax error, an unknown column or function, or anything outside the set.
 */
export async function parseExpression(text: string, { columns, where }: ParseExpressionOptions): Promise<Expression> {
  if (text.length > MAX_CHARACTERS) {
    throw new ConfigError(`${where}: an expression must have at most ${MAX_CHARACTERS} characters, got ${text.length}`);
  }
  const parse = await loadParser();
  let root: ParsedNode;
  try {
    root = parse(text) as ParsedNode;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const cure = "write and, or, not, ==, !=, <, <=, >, >=";
    throw new ConfigError(`${where}: the expression ${JSON.stringify(text)} must be readable, got: ${reason}; ${cure}`);
  }
  return convert(root, { text, columns, where, depth: 0 });
}

interface Context extends ParseExpressionOptions {
  readonly text: string;
  readonly depth: number;
}

function convert(node: ParsedNode, above: Context): Expression {
  const context = { ...above, depth: above.depth + 1 };
  if (context.depth > MAX_DEPTH) throw outside(`more than ${MAX_DEPTH} operations within each other`, context);
  switch (node.type) {
    case "ParenthesisNode":
      return convert(node.content!, context);
    case "ConstantNode":
      return constant(node, context);
    case "SymbolNode":
      return column(node.name!, context);
    case "FunctionNode":
      return functionCall(node, context);
    case "OperatorNode":
      return operator(node, context);
    case "RelationalNode":
      return chain(node, context);
    default:
      throw outside(node.type.replace(/Node$/, "").toLowerCase(), context);
  }
}

function constant(node: ParsedNode, context: Context): Expression {
  const { value } = node;
  if (typeof value === "string") return { kind: "text", value };
  if (typeof value === "boolean") return { kind: "number", value: Number(value) };
  if (typeof value === "number" && Number.isFinite(value)) return { kind: "number", value };
  const cure = value === null ? "; write isnull(column)" : "";
  throw outside(`the constant ${String(value)}`, context, cure);
}

function column(name: string, { text, columns, where }: Context): Expression {
  if (columns.includes(name)) return { kind: "column", name };
  const hint = didYouMean(name, columns);
  throw new ConfigError(
    `${where}: names in ${JSON.stringify(text)} must be columns (${columns.join(", ")}), got ${JSON.stringify(name)}${position(text, name)}${hint}`,
  );
}

function functionCall(node: ParsedNode, context: Context): Expression {
  // A method of a value (y.abs(3)) has a name too, but is no symbol.
  const name = typeof node.fn === "object" && node.fn.type === "SymbolNode" ? node.fn.name : undefined;
  const args = node.args ?? [];
  if (name === "column") {
    const [only] = args;
    if (args.length === 1 && typeof only?.value === "string") return column(only.value, context);
    throw outside("column(...) without one quoted name", context);
  }
  if (name === undefined || !isFunction(name)) throw unknownFunction(name ?? "a computed function", context);
  const [fewest, most] = ARITY[name];
  if (args.length < fewest || args.length > most) {
    throw outside(
      `${name} with ${args.length} operands`,
      context,
      `; it takes ${fewest === most ? fewest : `${fewest} to ${most}`}`,
    );
  }
  const operands = args.map((arg) => convert(arg, context));
  if (name === "isnull" && operands[0]!.kind !== "column")
    throw outside("isnull of something else than a column", context);
  return { kind: "call", operation: name, operands };
}

function operator(node: ParsedNode, context: Context): Expression {
  const operation = String(node.fn);
  if (node.implicit) throw outside("two values side by side", context, "; write * between them");
  if (!OPERATORS.has(operation)) throw outside(`the operator ${node.op}`, context);
  const operands = (node.args ?? []).map((arg) => convert(arg, context));
  return { kind: "call", operation: operation as Operation, operands };
}

/** `a < b < c` is `a < b and b < c`. */
function chain(node: ParsedNode, context: Context): Expression {
  const operands = (node.params ?? []).map((param) => convert(param, context));
  const comparisons = (node.conditionals ?? []).map(
    (operation, i): Expression => ({
      kind: "call",
      operation: operation as Operation,
      operands: [operands[i]!, operands[i + 1]!],
    }),
  );
  return comparisons.reduce((left, right) => ({ kind: "call", operation: "and", operands: [left, right] }));
}

function isFunction(name: string): name is (typeof FUNCTIONS)[number] {
  return Object.hasOwn(ARITY, name);
}

function unknownFunction(name: string, { text, where }: Context): ConfigError {
  const hint = didYouMean(name, FUNCTIONS);
  const rule = `functions in ${JSON.stringify(text)} must be ${FUNCTIONS.join(", ")} or column`;
  return new ConfigError(`${where}: ${rule}, got ${JSON.stringify(name)}${position(text, name)}${hint}`);
}

function outside(what: string, { text, where }: Context, cure = ""): ConfigError {
  return new ConfigError(
    `${where}: the expression ${JSON.stringify(text)} must use ${CLOSED_SET} only, got ${what}${cure}`,
  );
}

function position(text: string, name: string): string {
  const at = text.indexOf(name);
  return at < 0 ? "" : ` at character ${at + 1}`;
}

async function loadParser(): Promise<(text: string) => unknown> {
  // Loaded when it is needed: the library takes a few tenths of a second.
  const { create, parseDependencies } = await import("mathjs/number");
  return create({ parseDependencies: parseDependencies! }).parse!;
}
