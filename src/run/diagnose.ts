import { weightInput } from "../distill/objective.ts";
import type { Program, StepCall } from "../engine/program.ts";
import type { RunConfig } from "./config/run-config.ts";
import { studentTerms } from "./term-inputs.ts";

/** What the terms pull at the student with. */
export interface Diagnosis {
  /** Norm of the gradient of each weighted term with respect to the student's parameters, by the term's name. */
  readonly norms: Readonly<Record<string, number>>;
  /** Cosine of the gradients of all hard and of all distillation terms; null where either is 0 or there is none. */
  readonly cosine: number | null;
}

/**
 * Measures the gradients of the student's terms on one batch: the training step is run with rate 0 and with the weights of
 * some terms alone, all runs with the same noise. The cosine comes from three norms, |h + d|^2 = |h|^2 + |d|^2 + 2 h d.
 * Costs about one step a term and three more. Rows of tables count by their summed gradients, as in the update.
 */
export function diagnose(program: Program, config: RunConfig, call: StepCall, step: number): Diagnosis {
  const inputs = call.inputs ?? {};
  const terms = studentTerms(config).filter(({ name }) => (inputs[weightInput(name)] ?? 0) !== 0);
  const normOf = (wanted: readonly { readonly name: string }[]): number => {
    if (wanted.length === 0) return 0;
    const names = new Set(wanted.map(({ name }) => weightInput(name)));
    const weights = Object.entries(inputs).map(([name, value]) => {
      const leftOut = name.startsWith(weightInput("")) && !names.has(name);
      return [name, leftOut ? 0 : value] as const;
    });
    program.setCounts({ ...program.counts(), diagnose: step });
    const report = program.train("diagnose", {
      batch: call.batch,
      rates: { student: 0 },
      inputs: Object.fromEntries(weights),
    });
    return report.gradientNorms.student ?? 0;
  };
  const norms = Object.fromEntries(terms.map((term) => [term.name, normOf([term])]));
  const [hard, distilled] = (["hard", "distill"] as const).map((kind) => terms.filter((term) => term.kind === kind));
  const together = (group: typeof terms): number => (group.length === 1 ? norms[group[0]!.name]! : normOf(group));
  const [h, d] = [together(hard!), together(distilled!)];
  if (!(h > 0 && d > 0)) return { norms, cosine: null };
  const cosine = (normOf(terms) ** 2 - h ** 2 - d ** 2) / (2 * h * d);
  return { norms, cosine: Math.min(1, Math.max(-1, cosine)) };
}
