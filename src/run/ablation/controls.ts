import type { DistillTerm } from "../config/distill-config.ts";
import type { RunConfig } from "../config/run-config.ts";
import { type AblationConfig, CONTROLS, type ControlName } from "./ablation-config.ts";

export type Settings = Readonly<Record<string, unknown>>;

/** Stands in a planned setting for the folder of the run that must be finished first. */
export const NEEDED_RUN = "{run}";

/** How a control is made of a base, or why it cannot be. */
export type Control =
  | {
      readonly kind: "made";
      readonly name: ControlName;
      readonly settings: Settings;
      /** Variant whose run of the same seed it uses. */
      readonly needs?: "base" | "alone";
    }
  /** Measured in the base's own runs. */
  | { readonly kind: "measured"; readonly name: "teacher" }
  | { readonly kind: "not made"; readonly name: ControlName; readonly reason: string };

/** Share of the label that is spread evenly in the control of label smoothing. */
const SMOOTHING = 0.1;

/**
 * The controls of a base with a distilled student: all five, or those that the configuration names.
 *
 * - alone: every distillation term weighs 0; the same batches, steps and first values.
 * - self-distilled: a frozen copy of the student that was trained alone stands in the teacher's place.
 * - teacher: the teacher's own metrics in the base's runs.
 * - warm-start: alone, from the teacher's embeddings.
 * - label-smoothing: alone, on labels that are moved towards 1/2.
 *
 * Sources: Furlanello et al. (2018), "Born-again neural networks" (self-distilled); Yuan et al. (2020), "Revisiting
 * knowledge distillation via label smoothing regularization".
 */
export function controlsOf(config: RunConfig, { controls }: Pick<AblationConfig, "controls">): readonly Control[] {
  const isDistilled = config.student !== undefined && config.distill.length > 0;
  if (!isDistilled) {
    const reason = "the base distils nothing: it has no student, or no distill terms";
    return namesOf(controls ?? []).map((name) => ({ kind: "not made", name, reason }));
  }
  const wanted = namesOf(controls ?? CONTROLS);
  // The student that teaches itself is one that was trained alone.
  const names = wanted.includes("self-distilled") && !wanted.includes("alone") ? ["alone" as const, ...wanted] : wanted;
  const more = controls === undefined || Array.isArray(controls) ? {} : controls;
  return names.map((name) => withSettings(controlOf(name, config, more), more[name]));
}

function namesOf(controls: NonNullable<AblationConfig["controls"]> | typeof CONTROLS): readonly ControlName[] {
  const names: readonly string[] = Array.isArray(controls) ? controls : Object.keys(controls);
  return CONTROLS.filter((name) => names.includes(name));
}

function withSettings(control: Control, more: Settings | undefined): Control {
  return control.kind === "made" ? { ...control, settings: { ...control.settings, ...more } } : control;
}

type MoreSettings = Readonly<Partial<Record<ControlName, Settings>>>;

function controlOf(name: ControlName, config: RunConfig, more: MoreSettings): Control {
  const not = (reason: string): Control => ({ kind: "not made", name, reason });
  if (name === "teacher")
    return config.teacher !== undefined || config.frozen !== undefined
      ? { kind: "measured", name }
      : not("the base learns from stored scores: no teacher is measured in its runs");
  if (!hasLabels(config, more.alone) && !hasLabels(config, more[name])) {
    const cure = `give controls: { ${name}: { student.losses: [...] } }`;
    return not(`without the teacher the student would learn nothing: student.losses is empty; ${cure}`);
  }
  switch (name) {
    case "alone":
      return { kind: "made", name, settings: aloneSettings(config) };
    case "self-distilled":
      return selfDistilled(config);
    case "warm-start":
      return warmStart(config);
    case "label-smoothing":
      return smoothedLabels(config);
  }
}

function hasLabels({ student }: RunConfig, more: Settings | undefined): boolean {
  return student!.losses.length > 0 || more?.["student.losses"] !== undefined;
}

function aloneSettings({ distill, share }: RunConfig): Settings {
  return {
    ...Object.fromEntries(distill.map((_, i) => [`distill.${i}.weight`, 0])),
    ...(share.length > 0 && { share: [] }),
  };
}

function selfDistilled(config: RunConfig): Control {
  const { distill, scores, negatives = [] } = config;
  const name = "self-distilled";
  const not = (reason: string): Control => ({ kind: "not made", name, reason });
  const latent = distill.find(({ kind }) => ["hint-mse", "hint-cosine", "distillation-experts"].includes(kind));
  if (latent !== undefined)
    return not(`term "${latent.name}" learns from a ranker's layers, which a student does not have`);
  const column = distill.find(({ head }) => typeof head === "object" && "column" in head);
  if (column !== undefined) return not(`term "${column.name}" learns from a column of the data`);
  if (scores !== undefined && (scores.lists !== undefined || negatives.some(({ kind }) => kind === "stored")))
    return not(
      "the base's candidates come from a score store; make one of the student's scores (docs/ablations.md, self-distilled from a store)",
    );
  const blocks = { teacher: config.teacher, "train.teacher": config.train.teacher, scores, frozen: config.frozen };
  const gone = Object.entries(blocks).filter(([, block]) => block !== undefined);
  return {
    kind: "made",
    name,
    needs: "alone",
    settings: {
      ...Object.fromEntries(gone.map(([path]) => [path, null])),
      ...(config.share.length > 0 && { share: [] }),
      ...Object.assign({}, ...distill.map((term, i) => ownHead(term, i, scores !== undefined))),
      frozen: { run: NEEDED_RUN, model: "student" },
    },
  };
}

/** One score stands for all heads: fused ones, and those of a store, become it. */
function ownHead(term: DistillTerm, i: number, isStored: boolean): Settings {
  return {
    ...((typeof term.head === "object" || isStored) && { [`distill.${i}.head`]: "ctcvr" }),
    ...("stopTeacherGradient" in term && !term.stopTeacherGradient && { [`distill.${i}.stopTeacherGradient`]: true }),
  };
}

function warmStart(config: RunConfig): Control {
  const name = "warm-start";
  const not = (reason: string): Control => ({ kind: "not made", name, reason });
  const { teacher, frozen, start } = config;
  if (frozen?.model === "student")
    return not("the base's teacher is a student: start.weights of its run is the warm start");
  if (teacher === undefined && frozen === undefined)
    return not("the base learns from stored scores: name the teacher's run, controls: { warm-start: { start: ... } }");
  const run = frozen?.run ?? NEEDED_RUN;
  return {
    kind: "made",
    name,
    ...(frozen === undefined && { needs: "base" as const }),
    settings: {
      ...aloneSettings(config),
      ...(start === undefined ? { start: { encoding: run, embeddings: run } } : { "start.embeddings": run }),
    },
  };
}

function smoothedLabels(config: RunConfig): Control {
  const name = "label-smoothing";
  const losses = config.student!.losses.flatMap(({ kind }, i) => (kind === "binary-cross-entropy" ? [i] : []));
  if (losses.length === 0)
    return {
      kind: "not made",
      name,
      reason: "no loss of the student is a binary-cross-entropy, whose labels can be smoothed",
    };
  const smoothing = losses.map((i) => [`student.losses.${i}.smoothing`, SMOOTHING]);
  return { kind: "made", name, settings: { ...aloneSettings(config), ...Object.fromEntries(smoothing) } };
}
