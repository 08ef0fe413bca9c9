import { askedSection } from "./asked-section.ts";
import { cascadeSections } from "./cascade-section.ts";
import { costSection } from "./cost-section.ts";
import { dataSection } from "./data-section.ts";
import { diagnosisSections } from "./diagnosis-section.ts";
import { isEmpty, type ReportSection } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";
import { resultSection } from "./result-section.ts";
import { summarySection } from "./summary-section.ts";
import { trainingSection } from "./training-section.ts";

/** The sections of a report over some runs, in the order in which one would ask. */
export function reportSections(runs: readonly RunReport[]): readonly ReportSection[] {
  return [
    summarySection(runs),
    askedSection(runs),
    dataSection(runs),
    resultSection(runs),
    ...cascadeSections(runs),
    trainingSection(runs),
    ...runs.flatMap(diagnosisSections),
    costSection(runs),
  ].filter((part) => !isEmpty(part));
}
