import type { Dataset, FeatureSpec } from "../data/dataset.ts";
import type { ParameterTree, TableParameter, Values } from "../engine/parameters.ts";
import { ConfigError } from "../errors.ts";
import type { Encoder, EncoderOptions, Feature } from "../nn/features.ts";
import { type DssmParameters, dssm, type TwoTower } from "../student/dssm.ts";
import { type Mmoe, type MmoeParameters, mmoe } from "../teacher/mmoe.ts";
import type { RunConfig } from "./config/run-config.ts";

/** The models of a run. */
export interface Models {
  readonly teacher: Mmoe | undefined;
  readonly student: TwoTower | undefined;
  readonly parameters: ModelParameters;
}

/** What steps see: an absent model has no parameters. */
export interface ModelParameters {
  readonly teacher: MmoeParameters | Readonly<Record<string, never>>;
  readonly student: DssmParameters | Readonly<Record<string, never>>;
  readonly [model: string]: ParameterTree;
}

/** The teacher's values among those of all models. */
export const teacherValues = (values: Values<ModelParameters>): Values<MmoeParameters> =>
  values.teacher as Values<MmoeParameters>;
/** The student's. */
export const studentValues = (values: Values<ModelParameters>): Values<DssmParameters> =>
  values.student as Values<DssmParameters>;

type Embeddings = NonNullable<RunConfig["teacher"]>["embeddings"];

/** Builds the models that a configuration describes, on the features that the data have. */
export function buildModels(config: RunConfig, dataset: Pick<Dataset, "features">): Models {
  const shared = sharedTables(config, dataset.features);
  const teacher = config.teacher && buildTeacher(config.teacher, config.seed, dataset.features, shared);
  const student = config.student && buildStudent(config.student, config.seed, dataset.features, shared);
  return { teacher, student, parameters: { teacher: teacher?.parameters ?? {}, student: student?.parameters ?? {} } };
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

function buildStudent(
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
    { name: "student", group: "student", seed },
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
