import type { TopLevelSpec } from "vega-lite";

/** One picture of a report. */
export interface Figure {
  /** File name without ending. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who do not see it. */
  readonly alt: string;
  /** What stands under it. Default: the same. */
  readonly caption?: string;
  readonly spec: TopLevelSpec;
  /** The same in one column, for a phone: of figures with plots side by side. */
  readonly narrow?: TopLevelSpec;
}

/** A value with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [low: number, high: number];
}

/** Null where undefined or missing. */
export type Cell = string | number | null | Estimate;

/** One table of a report. */
export interface ReportTable {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Shown only when asked for. Default: when it has many rows. */
  readonly folded?: boolean;
}

/** A part of a report under one heading. */
export interface ReportSection {
  readonly title: string;
  /** What a reader must not overlook. */
  readonly notes: readonly string[];
  readonly paragraphs: readonly string[];
  readonly figures: readonly Figure[];
  readonly tables: readonly ReportTable[];
}

/** A section of what there is. */
export function section(title: string, parts: Partial<Omit<ReportSection, "title">>): ReportSection {
  return { title, notes: [], paragraphs: [], figures: [], tables: [], ...parts };
}

export function isEmpty({ notes, paragraphs, figures, tables }: ReportSection): boolean {
  return notes.length + paragraphs.length + figures.length + tables.length === 0;
}

/** A name as part of a file's name. */
export function fileName(name: string): string {
  return name.replaceAll(/[^\w.=-]+/g, "_");
}

export const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
