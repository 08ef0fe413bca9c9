import { judged, milliseconds, table } from "../report-format.ts";
import type { Rounds } from "../rounds.ts";
import { median } from "../statistics.ts";
import type { LoaderCase } from "./loader-case.ts";
import type { ScoringCase } from "./scoring-case.ts";
import type { TopkCase } from "./topk-case.ts";

const TOPK_BAR = 1;
const SCORING_BAR = 1.5;

const perSecond = (rows: number, times: readonly number[]): string =>
  Math.round((rows / median(times)) * 1e3).toLocaleString("en");

export function loaderSection({ rows, batch, reading, batches }: LoaderCase): string[] {
  const lines = (what: string, { times }: Rounds): string[][] =>
    times.map(({ name, medians }) => [what, name, milliseconds(medians), perSecond(rows, medians)]);
  return [
    `## Reading and batching ${rows.toLocaleString("en")} rows of 12 fields`,
    "",
    ...table(
      ["what", "side", "ms", "rows/s"],
      [
        ...lines("Parquet, read and encoded", reading.parquet),
        ...lines("Arrow file, read and encoded", reading.arrow),
        ...lines(`an epoch of shuffled batches of ${batch}`, batches),
      ],
    ),
    "",
    "Encoding: one vocabulary a field in the order of first appearance. twinstill also checks every value, numbers users and",
    "items with their features, and fingerprints the data, which pyarrow's side does not.",
    "",
  ];
}

export function scoringSection({ rows, times }: ScoringCase): string[] {
  const [own, torch] = [times[0]!.medians, times[1]!.medians];
  const ratio = median(own.map((time, i) => torch[i]! / time));
  return [
    `## Scoring ${rows.toLocaleString("en")} rows: Parquet, MMoE, Arrow`,
    "",
    ...table(
      ["side", "ms", "rows/s"],
      times.map(({ name, medians }) => [name, milliseconds(medians), perSecond(rows, medians)]),
    ),
    "",
    `* PyTorch and pyarrow / twinstill: ${judged(ratio, SCORING_BAR)}`,
    "* twinstill's time holds the whole job: opening run and weights, capture, checks of every value, leak check, manifest",
    "  and checksums of the store.",
    "",
  ];
}

export function topkSection({ users, items, width, k, times, block }: TopkCase): string[] {
  const [own, torch] = [times[0]!.medians, times[1]!.medians];
  const ratio = median(own.map((time, i) => torch[i]! / time));
  return [
    `## Exact top ${k} of ${items.toLocaleString("en")} items x ${width} for ${users.toLocaleString("en")} users`,
    "",
    ...table(
      ["side", "ms", "mean of the lists' scores"],
      times.map(({ name, medians, loss }) => [name, milliseconds(medians), loss.toFixed(3)]),
    ),
    "",
    `* PyTorch (products and topk over blocks of ${block[0]} users and ${block[1] ?? "all"} items) / twinstill: ${judged(ratio, TOPK_BAR)}`,
    "",
  ];
}
