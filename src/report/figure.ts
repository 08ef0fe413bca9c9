import type { TopLevelSpec } from "vega-lite";

/** One picture of a report. */
export interface Figure {
  /** File name without ending. */
  readonly id: string;
  readonly title: string;
  /** What it shows, for those who do not see it, and as its caption. */
  readonly alt: string;
  readonly spec: TopLevelSpec;
}

/** One table of a report. */
export interface ReportTable {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A part of a report under one heading. */
export interface ReportSection {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly tables: readonly ReportTable[];
  readonly figures: readonly Figure[];
}

export const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
