import type { Dataset, FeatureSpec } from "../data/dataset.ts";
import { memoryBank } from "../distill/negatives/memory-bank.ts";
import { type TermNeeds, type TermParameters, termParameters } from "../distill/terms/term-parameters.ts";
import type { Noise } from "../engine/noise.ts";
import type { DenseParameter, ParameterTree, TableParameter, Values } from "../engine/parameters.ts";
import type { TensorBatch } from "../engine/step.ts";
import { ConfigError } from "../errors.ts";
import type { Encoder, EncoderOptions, Feature } from "../nn/features.ts";
import { type DssmParameters, dssm, type TwoTower } from "../student/dssm.ts";
import { type Mmoe, type MmoeOutputs, type MmoeParameters, mmoe } from "../teacher/mmoe.ts";
import { type DistillTerm, needsLayers } from "./config/distill-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import { isLearned, type WeightConfig } from "./config/schedule-config.ts";
import { TERMS_GROUP } from "./optimisers.ts";
import { distillName, hardName } from "./term-inputs.ts";

/** Logits of a model that teaches; gates and layers of a mixture of experts alone. */
export type RankerOutputs = Pick<MmoeOutputs, "ctr" | "cvr" | "ctcvr"> & Partial<MmoeOutputs>;

/** A model that teaches. */
export interface Ranker {
  readonly parameters: MmoeParameters | DssmParameters;
  readonly forward: (values: Values<MmoeParameters>, batch: TensorBatch, noise?: Noise) => RankerOutputs;
}

/** The models of a run. */
export interface Models {
  readonly teacher: Ranker | undefined;
  readonly student: TwoTower | undefined;
  readonly parameters: ModelParameters;
  /** Items of the catalogue. */
  readonly numItems: number;
}

/** What steps see: an absent model has no parameters. */
export interface ModelParameters {
  readonly teacher: MmoeParameters | DssmParameters | Readonly<Record<string, never>>;
  readonly student: DssmParameters | Readonly<Record<string, never>>;
  /** What loss terms learn, by the term's name. */
  readonly terms: Readonly<Record<string, TermParameters>>;
  /** The memory bank of in-batch losses, where there is one. */
  readonly bank: DenseParameter | Readonly<Record<string, never>>;
  readonly [model: string]: ParameterTree;
}

/** Whether a parameter is a model's, and not what loss terms learn or keep. */
export const isOfModels = (name: string): boolean => !/^(terms\/|bank$)/.test(name);

/** The teacher's values among those of all models. */
export const teacherValues = (values: Values<ModelParameters>): Values<MmoeParameters> =>
  values.teacher as Values<MmoeParameters>;
/** The student's. */
export const studentValues = (values: Values<ModelParameters>): Values<DssmParameters> =>
  values.student as Values<DssmParameters>;

type Embeddings = NonNullable<RunConfig["teacher"]>["embeddings"];

/** Builds the models that a configuration describes, on the features that the data have. */
export function buildModels(
  config: RunConfig,
  dataset: Pick<Dataset, "features"> & { readonly items: Pick<Dataset["items"], "size"> },
): Models {
  const shared = sharedTables(config, dataset.features);
  const teacher = config.teacher
    ? buildTeacher(config.teacher, config.seed, dataset.features, shared)
    : config.frozenStudent &&
      twoTowerRanker(buildTwoTower("teacher", config.frozenStudent, config.seed, dataset.features, {}));
  const student = config.student && buildTwoTower("student", config.student, config.seed, dataset.features, shared);
  const parameters = {
    teacher: teacher?.parameters ?? {},
    student: student?.parameters ?? {},
    terms: learnedByTerms(config),
    bank: bankOf(config),
  };
  return { teacher, student, parameters, numItems: dataset.items.size };
}

function bankOf({ inBatch, student }: RunConfig): ModelParameters["bank"] {
  const width = student?.userUnits.at(-1);
  return inBatch?.bank === undefined || width === undefined ? {} : memoryBank("bank", inBatch.bank.size, width);
}

/** Parameters of the terms that learn any: weights by uncertainty, scales, projections, experts. */
function learnedByTerms(config: RunConfig): ModelParameters["terms"] {
  const hard = (config.student?.losses ?? []).map((loss) => [hardName(loss), needsOf(loss.weight)] as const);
  const distilled = config.distill.map((term) => [distillName(term), distillNeeds(term, config)] as const);
  const made = [...hard, ...distilled].map(([name, needs]) => {
    const scope = { name: `terms/${name}`, group: TERMS_GROUP, seed: config.seed };
    return [name, termParameters(scope, needs)] as const;
  });
  return Object.fromEntries(made.filter(([, parameters]) => Object.keys(parameters).length > 0));
}

function needsOf(weight: WeightConfig): TermNeeds {
  return isLearned(weight) ? { logVariance: weight.initial } : {};
}

function distillNeeds(term: DistillTerm, { student, teacher }: RunConfig): TermNeeds {
  const shared = { ...needsOf(term.weight), scaleStudent: term.scaleStudent, alpha: term.kind === "adaptive-ranking" };
  if (!needsLayers(term)) return shared;
  const hidden = teacher!.experts.units.at(-1)!;
  const widths = {
    studentWidth: student!.userUnits.at(-1)!,
    teacherWidth: term.head === "ctcvr" ? 2 * hidden : hidden,
  };
  if (term.kind === "distillation-experts") return { ...shared, experts: { ...widths, count: term.experts } };
  return { ...shared, ...("project" in term && term.project && { projection: widths }) };
}

function buildTeacher(
  teacher: NonNullable<RunConfig["teacher"]>,
  seed: number,
  specs: readonly FeatureSpec[],
  shared: Encoder,
): Mmoe {
  const { experts, towerUnits, inputDropout, products, wide } = teacher;
  const names = teacher.features ?? specs.map(({ name }) => name);
  const features = selectFeatures(specs, names);
  const options = encoderOptions(teacher.embeddings, shared);
  return mmoe(
    { name: "teacher", group: "teacher", seed },
    { ...options, features, products, wide, experts, towerUnits, inputDropout },
  );
}

/** A two-tower model in the teacher's place: its one score stands for every head. */
function twoTowerRanker(tower: TwoTower): Ranker {
  return {
    parameters: tower.parameters,
    forward: (values, batch, noise) => {
      const own = values as unknown as Values<DssmParameters>;
      const score = tower.score(own, tower.userTower(own, batch, noise), tower.itemTower(own, batch, noise));
      return { ctr: score, cvr: score, ctcvr: score };
    },
  };
}

function buildTwoTower(
  name: "teacher" | "student",
  student: NonNullable<RunConfig["student"]>,
  seed: number,
  specs: readonly FeatureSpec[],
  shared: Encoder,
): TwoTower {
  const ofRole = (role: FeatureSpec["role"]): readonly string[] =>
    specs.filter((spec) => spec.role === role).map(({ name }) => name);
  const { userUnits, itemUnits, inputDropout, normalise, scale, bias } = student;
  if (userUnits.at(-1) !== itemUnits.at(-1)) {
    throw new ConfigError(
      `student: userUnits and itemUnits must end in one width, got ${userUnits.at(-1)} and ${itemUnits.at(-1)}`,
    );
  }
  return dssm(
    { name, group: name, seed },
    {
      ...encoderOptions(student.embeddings, shared),
      userFeatures: selectFeatures(specs, student.userFeatures ?? ofRole("user")),
      itemFeatures: selectFeatures(specs, student.itemFeatures ?? ofRole("item")),
      userUnits,
      itemUnits,
      inputDropout,
      normalise,
      scale,
      bias,
    },
  );
}

function encoderOptions({ default: width, widths, deviation, update }: Embeddings, shared: Encoder): EncoderOptions {
  return { dimensions: { ...widths, default: width }, deviation, tableUpdate: update, sharedTables: shared };
}

/** One table a shared feature, of the width and first values that the teacher's settings give it. */
function sharedTables(config: RunConfig, specs: readonly FeatureSpec[]): Encoder {
  const tables: Record<string, TableParameter> = {};
  for (const name of config.share) {
    const spec = specs.find((candidate) => candidate.name === name)!;
    const [teacher, student] = [config.teacher!.embeddings, config.student!.embeddings];
    const width = teacher.widths[name] ?? teacher.default;
    const other = student.widths[name] ?? student.default;
    if (width !== other)
      throw new ConfigError(`share: "${name}" must have one embedding width in both models, got ${width} and ${other}`);
    const initialiser = { kind: "normal" as const, deviation: teacher.deviation, seed: config.seed };
    const { vocabularySize: rows } = spec;
    tables[name] = {
      kind: "table",
      name: `shared/embedding/${name}`,
      rows,
      width,
      initialiser,
      group: "teacher",
      update: teacher.update,
    };
  }
  return tables;
}

export function selectFeatures(specs: readonly FeatureSpec[], names: readonly string[]): readonly Feature[] {
  return names.map((name) => {
    const spec = specs.find((candidate) => candidate.name === name);
    if (spec === undefined)
      throw new ConfigError(`features: "${name}" must be a feature of the data, got none of that name`);
    return { ...spec, key: `${spec.role}/${name}` };
  });
}
