import { flatSettings, settingDifferences } from "../run/compare-runs.ts";
import { type ReportSection, type ReportTable, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

/** What was asked: the models and terms of each run, and the settings; of several runs, those in which they differ. */
export function askedSection(runs: readonly RunReport[]): ReportSection {
  const missing = runs.flatMap(({ name, missing: parts }) =>
    parts.length === 0 ? [] : [`Missing from ${name}: ${parts.join("; ")}.`],
  );
  const title = "What was asked";
  if (runs.length === 1)
    return section(title, { notes: missing, paragraphs: [describeRun(runs[0]!)], tables: [allSettings(runs[0]!)] });
  const data = new Set(runs.flatMap(({ data: card }) => (card ? [card.fingerprint] : [])));
  const kinds = new Set(runs.map(({ kind }) => kind));
  const notes = [
    ...(data.size > 1 ? ["These runs are on different data: their numbers must not be compared with each other."] : []),
    ...(kinds.size > 1 ? ["Some of these runs are cascades and some are not: they have few metrics in common."] : []),
    ...missing,
  ];
  const tables = differenceTables(runs);
  const differ = tables.length === 0 ? "all settings are equal" : "the first one is the base";
  const paragraphs = [`${runs.length} runs; ${differ}.`, ...runs.map(describeRun)];
  return section(title, { notes, paragraphs, tables });
}

function describeRun(run: RunReport): string {
  return `${run.name}: ${run.kind === "cascade" ? describeStages(run) : describeModels(run)}`;
}

function describeStages({ config, result }: RunReport): string {
  const { stages, rounds } = config as {
    readonly stages: readonly { name: string; passes: number; model: { kind: string } }[];
    readonly rounds: number;
  };
  const all = stages.map(
    ({ name, model, passes }) => `${name} (${model.kind}${sizeOf(result, name)}, passes ${passes})`,
  );
  return `a cascade of ${all.join(", ")}; ${rounds} ${rounds === 1 ? "round" : "rounds"}.`;
}

function describeTerm({ name, kind, head, temperature, weight }: Readonly<Record<string, unknown>>): string {
  const of = typeof head === "string" ? ` of ${head}` : "";
  const numbers = Object.entries({ temperature, weight }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key} ${typeof value === "number" ? value : "by schedule"}`],
  );
  return `${String(name)} (${[`${String(kind)}${of}`, ...numbers].join(", ")})`;
}

/** A run's models and what its student learns, in a sentence. */
export function describeModels({ config, result }: RunReport): string {
  const models = ["teacher", "student"].flatMap((model) => {
    const { kind } = (config[model] ?? {}) as { readonly kind?: string };
    return kind === undefined ? [] : [`${model} ${kind}${sizeOf(result, model)}`];
  });
  const terms = (config.distill as readonly Readonly<Record<string, unknown>>[] | undefined) ?? [];
  const learnt = terms.map((term) => describeTerm(term)).join("; ");
  return `${models.join("; ")}. ${terms.length === 0 ? "No distillation." : `Distillation: ${learnt}.`}`;
}

function sizeOf(result: RunReport["result"], model: string): string {
  const values = result?.models[model]?.values;
  return values === undefined ? "" : `, ${values.toLocaleString("en")} parameters`;
}

function allSettings({ name, config }: RunReport): ReportTable {
  const rows = [...flatSettings(config)].map(([path, value]) => [path, JSON.stringify(value)]);
  const caption = `Every setting of ${name}, defaults included.`;
  return { id: "settings", caption, columns: ["setting", "value"], rows, folded: true };
}

function differenceTables(runs: readonly RunReport[]): readonly ReportTable[] {
  const configs = runs.map(({ config }) => config);
  const columns = ["setting", ...runs.map(({ name }) => name)];
  const settings = settingDifferences(configs);
  if (settings.length === 0) return [];
  const blocks = differingBlocks(configs);
  const leaves: ReportTable = {
    id: "settings",
    caption: "Settings in which the runs differ.",
    columns,
    rows: settings.map(({ path, values }) => [path, ...values.map(settingText)]),
  };
  if (blocks.length === settings.length) return [leaves];
  const caption = "Settings in which the runs differ; blocks that some runs do not have are one line.";
  const rows = blocks.map(({ path, values }) => [path, ...values.map(settingText)]);
  return [
    { id: "differences", caption, columns, rows, folded: false },
    { ...leaves, caption: "The same, setting by setting.", folded: true },
  ];
}

interface Block {
  readonly path: string;
  readonly values: readonly unknown[];
}

/** The uppermost places in which values differ in more than what is inside of them. */
function differingBlocks(values: readonly unknown[], path = ""): readonly Block[] {
  if (new Set(values.map((value) => JSON.stringify(value))).size === 1) return [];
  const isBlock = values.every((value) => typeof value === "object" && value !== null && Object.keys(value).length > 0);
  if (!isBlock || new Set(values.map((value) => Array.isArray(value))).size > 1) return [{ path, values }];
  const keys = [...new Set(values.flatMap((value) => Object.keys(value as object)))];
  return keys.flatMap((key) =>
    differingBlocks(
      values.map((value) => (value as Readonly<Record<string, unknown>>)[key]),
      path === "" ? key : `${path}.${key}`,
    ),
  );
}

/** A value, or what a block is. */
function settingText(value: unknown): string {
  if (value === undefined) return "–";
  if (typeof value !== "object" || value === null) return typeof value === "string" ? value : JSON.stringify(value);
  const isFlat = Object.values(value).every((item) => typeof item !== "object" || item === null);
  if (isFlat && JSON.stringify(value).length <= 60) return flatText(value);
  if (Array.isArray(value)) return value.map(entryName).join(", ");
  const { kind } = value as { readonly kind?: unknown };
  const settings = flatSettings(value as Readonly<Record<string, unknown>>).size;
  return `${typeof kind === "string" ? `${kind}, ` : ""}${settings} settings`;
}

/** `count: 4, kind: frequency`, or the values of a list. */
function flatText(value: object): string {
  if (Object.keys(value).length === 0) return "none";
  const plain = (item: unknown): string => (typeof item === "string" ? item : JSON.stringify(item));
  if (Array.isArray(value)) return value.map(plain).join(", ");
  return Object.entries(value)
    .map(([key, item]) => `${key}: ${plain(item)}`)
    .join(", ");
}

/** What one entry of a list is called. */
function entryName(entry: unknown): string {
  const { name, kind } = (entry ?? {}) as Readonly<Record<string, unknown>>;
  return String(name ?? kind ?? JSON.stringify(entry));
}
