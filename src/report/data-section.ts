import type { DataCard } from "../run/run-job.ts";
import { type ReportSection, type ReportTable, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

interface DataSettings {
  readonly split?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The data card: rows, users, items and label rates by part, vocabularies, and how the parts were made. */
export function dataSection(runs: readonly RunReport[]): ReportSection {
  const first = new Map(runs.flatMap((run) => (run.data ? [[run.data.fingerprint, run] as const] : [])).reverse());
  const several = first.size > 1;
  const cards = [...first.values()].reverse();
  return section("Data", {
    paragraphs: cards.flatMap(({ data, config }) => describeData(data!, (config.data ?? {}) as DataSettings)),
    tables: cards.flatMap(({ data }, i) => [
      partTable(data!, i === 0 ? "data" : `data-${i + 1}`, several),
      vocabularyTable(data!, i === 0 ? "vocabularies" : `vocabularies-${i + 1}`),
    ]),
  });
}

function describeData(card: DataCard, { split, labels }: DataSettings): string[] {
  const files = card.files.map(({ name, rows }) => `${name} (${rows.toLocaleString("en")} rows)`);
  const unused = card.rowsUnused > 0 ? ` ${card.rowsUnused.toLocaleString("en")} rows are in no part.` : "";
  const parts = ["history", "train", "validation", "test"].flatMap((part) =>
    split?.[part] === undefined ? [] : [`${part}: ${plain(split[part])}`],
  );
  const by = split?.by === undefined ? [] : [`Split by ${plain(split.by)}; ${parts.join("; ")}.`];
  const named = Object.entries(labels ?? {}).map(([name, expression]) => `${name} = ${expression}`);
  const cut = Object.entries(card.listsCut ?? {}).map(([name, rows]) => `${name} in ${rows.toLocaleString("en")} rows`);
  return [
    `Data ${card.fingerprint}: ${files.join(", ")}.${unused}`,
    ...by,
    ...(named.length > 0 ? [`Labels: ${named.join("; ")}.`] : []),
    ...(cut.length > 0 ? [`Lists longer than their maxLength were cut: ${cut.join(", ")}.`] : []),
  ];
}

const plain = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

function partTable(card: DataCard, id: string, several: boolean): ReportTable {
  const labels = [...new Set(Object.values(card.parts).flatMap(({ labelRates }) => Object.keys(labelRates)))];
  return {
    id,
    caption: `The parts of the data${several ? ` ${card.fingerprint}` : ""}. New users and items have no training row; known pairs are rows whose user and item are a pair of the training part.`,
    columns: [
      "part",
      "rows",
      "users",
      "new users",
      "items",
      "new items",
      "known pairs",
      ...labels.map((label) => `rate of ${label}`),
    ],
    rows: Object.entries(card.parts).map(([part, own]) => [
      part,
      own.rows,
      own.users,
      own.coldUsers,
      own.items,
      own.coldItems,
      part === "train" ? null : (own.knownPairs ?? null),
      ...labels.map((label) => own.labelRates[label] ?? null),
    ]),
  };
}

function vocabularyTable(card: DataCard, id: string): ReportTable {
  const parts = Object.entries(card.parts);
  return {
    id,
    caption:
      "Vocabularies: rows of each feature's table (padding and unknown included), and values unknown to it by part.",
    columns: ["feature", "table rows", ...parts.map(([part]) => `unknown in ${part}`)],
    rows: Object.entries(card.vocabularySizes).map(([feature, size]) => [
      feature,
      size,
      ...parts.map(([, { outOfVocabulary }]) => outOfVocabulary[feature] ?? 0),
    ]),
  };
}
