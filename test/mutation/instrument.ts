// Puts switches into the source of a loss: every call that a mutation changes asks at run time which mutant is on.
import ts from "typescript";

/** What a mutation does with a call of known arguments. */
export type Mutation =
  /** The first argument alone: drops a sign, a factor, a temperature, a stop of the gradient. */
  | "first"
  /** The first two arguments change places. */
  | "swap"
  /** A sum becomes a difference, a quotient a product. */
  | "difference"
  | "product"
  /** Ones in place of the result, which says where something counts. */
  | "ones"
  /** The mask is left out, as an argument or as an option. */
  | "no mask"
  /** T^2 is left out, or put in. */
  | "other scaling";

export interface Mutant {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly mutation: Mutation;
}

const BY_CALLEE: Readonly<Record<string, readonly Mutation[]>> = {
  "tf.neg": ["first"],
  "tf.sub": ["swap"],
  "tf.add": ["difference"],
  "tf.mul": ["first"],
  "tf.div": ["product"],
  "tf.abs": ["first"],
  "tf.square": ["first"],
  stopGradient: ["first"],
  soften: ["first"],
  scaleBySquare: ["other scaling"],
  zeroPadding: ["no mask"],
  fillPadding: ["no mask"],
  realItems: ["no mask"],
  realCount: ["no mask"],
  meanOverReal: ["no mask"],
  ranksOf: ["no mask"],
  orderOf: ["no mask"],
  topMask: ["no mask"],
  comparable: ["ones"],
};

const isStudent = (text: string): boolean => /^(student|logits|own)\w*$/i.test(text);
const isTeacher = (text: string): boolean => /^(teacher|tutor)\w*$/i.test(text);

function mutationsOf(call: ts.CallExpression, source: ts.SourceFile): readonly Mutation[] {
  const callee = call.expression.getText(source);
  const texts = call.arguments.map((argument) => argument.getText(source));
  // A number that only keeps a logarithm or a quotient finite changes no digit that a test could see.
  if (texts.some((text) => /EPSILON|SMALLEST|TINY|^1e-/.test(text)) && callee !== "tf.neg") return [];
  const found = [...(BY_CALLEE[callee] ?? [])];
  if (
    !callee.startsWith("tf.") &&
    !callee.startsWith("assert") &&
    isStudent(texts[0] ?? "") &&
    isTeacher(texts[1] ?? "")
  )
    found.push("swap");
  const hasMaskOption = call.arguments.some(
    (argument) => ts.isObjectLiteralExpression(argument) && /\bmask\b/.test(argument.getText(source)),
  );
  if (hasMaskOption && !callee.startsWith("assert")) found.push("no mask");
  return found;
}

/** The source with its switches; its mutants are appended to `mutants`, where their places are their numbers. */
export function instrument(code: string, file: string, mutants: Mutant[]): string {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ES2023, true);
  const print = (node: ts.Node): string => (ts.isCallExpression(node) && switched(node)) || inner(node);
  /** The node's own text around its children's. */
  const inner = (node: ts.Node): string => {
    let text = "";
    let at = node.getStart(source);
    node.forEachChild((child) => {
      const start = child.getStart(source);
      if (start < at) return;
      text += code.slice(at, start) + print(child);
      at = child.getEnd();
    });
    return text + code.slice(at, node.getEnd());
  };
  const switched = (call: ts.CallExpression): string | undefined => {
    const mutations = call.arguments.some(ts.isSpreadElement) ? [] : mutationsOf(call, source);
    if (mutations.length === 0) return undefined;
    const { line } = source.getLineAndCharacterOfPosition(call.getStart(source));
    const text = call.getText(source).replaceAll(/\s+/g, " ");
    const numbered = mutations.map((mutation) => {
      mutants.push({ file, line: line + 1, text, mutation });
      return [mutants.length - 1, mutation];
    });
    return `globalThis.mutated(${JSON.stringify(numbered)}, ${print(call.expression)}, [${call.arguments.map(print).join(", ")}])`;
  };
  const imports = code.slice(0, source.getStart(source));
  return imports + print(source);
}
