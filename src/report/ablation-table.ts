import type { MetricResult, VariantResult } from "../run/ablation/results.ts";

/** The result as a Markdown table: mean ± sd, gain over the base with interval and corrected p. */
export function ablationMarkdown(results: readonly VariantResult[], metrics: readonly string[]): string {
  const head = ["variant", "seeds", ...metrics.flatMap((metric) => [metric, "gain"]), "train s", "parameters"];
  const rows = results.map((result) => [
    `\`${result.variant}\``,
    result.failures.length === 0
      ? String(result.seeds.length)
      : `${result.seeds.length - result.failures.length} of ${result.seeds.length}`,
    ...result.metrics.flatMap((metric) => [valueCell(metric), gainCell(metric)]),
    result.seconds === null ? "-" : result.seconds.toFixed(1),
    Object.entries(result.parameters)
      .map(([model, values]) => `${model} ${values.toLocaleString("en")}`)
      .join(", "),
  ]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const failures = results.flatMap(({ variant, failures: failed }) =>
    failed.map(({ seed, error }) => `- \`${variant}\`, seed ${seed}: ${error.split("\n").at(-1)}`),
  );
  return [
    ...lines,
    "",
    "Values are mean ± standard deviation over seeds. A gain is the mean paired difference to the base, positive is better, with its",
    "95 % interval and the p of a paired t test after Holm's correction over the whole table; (-) where there is no test.",
    ...(failures.length === 0 ? [] : ["", "Failed runs:", ...failures]),
    "",
    "Commands, with the first seed of each variant:",
    "",
    "```",
    ...results.map(({ command }) => command),
    "```",
    "",
  ].join("\n");
}

function valueCell({ mean, sd }: MetricResult): string {
  if (mean === null) return "-";
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

function gainCell({ gain, interval, adjustedP, untested }: MetricResult): string {
  if (gain === null) return untested === "the base" ? "" : "-";
  const sign = gain < 0 ? "-" : "+";
  const size = `${sign}${Math.abs(gain).toFixed(4)}`;
  if (interval === null) return `${size} (-)`;
  return `${size} [${interval.map((end) => end.toFixed(4)).join(", ")}] p ${adjustedP! < 0.001 ? "< .001" : adjustedP!.toFixed(3)}`;
}

/** One row a variant and metric: what a program reads. */
export function ablationRecords(
  results: readonly VariantResult[],
): readonly Readonly<Record<string, string | number | null>>[] {
  return results.flatMap(({ variant, seeds, seconds, parameters, command, metrics }) =>
    metrics.map(({ metric, direction, mean, sd, gain, interval, pValue, adjustedP, values, untested }) => ({
      variant,
      metric,
      direction,
      seeds: seeds.join(" "),
      values: values.map((value) => value ?? "").join(" "),
      mean,
      sd,
      gain,
      gainLow: interval?.[0] ?? null,
      gainHigh: interval?.[1] ?? null,
      pValue,
      adjustedP,
      untested,
      trainSeconds: seconds,
      parameters: Object.values(parameters).reduce((sum, count) => sum + count, 0),
      command,
    })),
  );
}

/** Records as CSV; texts are quoted where they must be. */
export function toCsv(records: readonly Readonly<Record<string, string | number | null>>[]): string {
  const names = Object.keys(records[0] ?? {});
  const cell = (value: string | number | null | undefined): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${[names, ...records.map((record) => names.map((name) => record[name]))].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}
