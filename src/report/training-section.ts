import { type Figure, fileName, type ReportSection, section } from "./figure.ts";
import { type LossPoint, lossCurvesSpec } from "./plot-losses.ts";
import type { LoggedLine, RunReport } from "./read-run-report.ts";
import { monitorOf } from "./result-rows.ts";

/** Loss by term, gradient norms and validation metrics by step, of runs of models. */
export function trainingSection(runs: readonly RunReport[]): ReportSection {
  const ofModels = runs.filter(({ kind }) => kind === "models");
  return section("Training", {
    notes: ofModels.flatMap(undefinedNotes),
    paragraphs: ofModels.flatMap(endParagraphs),
    figures: ofModels.flatMap((run) => [...lossFigures(run), ...normFigures(run), ...validationFigures(run)]),
  });
}

const ENDS: Readonly<Record<string, string>> = {
  patience: "because nothing got better within patience",
  done: "after its last epoch",
};

function endParagraphs({ name, result, metrics }: RunReport): string[] {
  const norms = metrics.some((line) => Object.keys(line).some((key) => NORM.test(key)));
  return [
    ...(result
      ? [`${name}: ${result.steps.toLocaleString("en")} steps, ended ${ENDS[result.reason] ?? `(${result.reason})`}.`]
      : []),
    ...(metrics.length > 0 && !norms
      ? [`${name} logged no gradient norms: train.diagnose logs that of each term, clipNorm that of each model.`]
      : []),
  ];
}

/** Logged values that no curve can show. The cosine is undefined where hard or distilled terms have no gradient. */
export function undefinedNotes({ name, metrics }: RunReport): string[] {
  const empty = metrics.flatMap((line) =>
    Object.entries(line).flatMap(([key, value]) => (value === null && !key.startsWith(COSINE) ? [key] : [])),
  );
  if (empty.length === 0) return [];
  const names = [...new Set(empty)].slice(0, 6).join(", ");
  return [`${name}: ${empty.length.toLocaleString("en")} logged values are undefined and not drawn (${names}).`];
}

function lossFigures({ name, metrics }: RunReport): readonly Figure[] {
  return curves(
    points(metrics, (key) => key.startsWith("loss/")),
    {
      id: `${fileName(name)}-losses`,
      title: `Loss by term: ${name}`,
      words: "Training loss of each term by step",
    },
  );
}

const COSINE = "gradientCosine/";
const NORM = /^(termGradientNorm|gradientNorm|gradientCosine)\//;

function normFigures({ name, metrics }: RunReport): readonly Figure[] {
  return curves(
    points(metrics, (key) => NORM.test(key)),
    {
      id: `${fileName(name)}-gradients`,
      title: `Gradients: ${name}`,
      words:
        "Norm of the gradient of each term (termGradientNorm) or model (gradientNorm) by step, and the cosine of hard and distilled gradients where both are there",
    },
  );
}

/** Most plots of validation metrics. */
const MOST_METRICS = 6;

/** Validation metrics by step, the monitored one first: a plot a metric, a line a model. */
function validationFigures({ name, metrics, config }: RunReport): readonly Figure[] {
  const monitor = monitorOf(config);
  const all = points(metrics, (key) => key.startsWith("val/")).map(({ step, term, value }): LossPoint => {
    const [, model, ...metric] = term.split("/");
    return { step, term: metric.join("/"), series: model!, value };
  });
  const names = [...new Set(all.map(({ term }) => term))];
  const usual = names.filter((metric) => /(^|\/)(auc|recall@\d+)$|^ndcg@\d+$/.test(metric));
  const monitored = monitor === undefined ? [] : names.filter((metric) => metric === monitor.metric);
  const shown = [...new Set([...monitored, ...usual])].slice(0, MOST_METRICS);
  const best = monitor && bestStep(all, monitor);
  const what = `${monitor?.model}'s ${monitor?.metric}`;
  return curves(
    shown.flatMap((metric) => all.filter(({ term }) => term === metric)),
    {
      id: `${fileName(name)}-validation`,
      title: `Validation: ${name}`,
      words: `Metrics on the validation part by step; ${best === undefined ? "no metric was monitored" : `the best ${what} is at step ${best}`}`,
      markedStep: best,
    },
  );
}

interface CurveTexts {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly markedStep?: number | undefined;
}

/** Curves in two columns, and in one for a phone; none where there is no point. */
export function curves(all: readonly LossPoint[], { id, title, words, markedStep }: CurveTexts): readonly Figure[] {
  if (all.length === 0) return [];
  const options = { title, ...(markedStep !== undefined && { markedStep }) };
  const names = [...new Set(all.map(({ term }) => term))];
  const lines = [...new Set(all.map(({ term, series = "" }) => `${term}\n${series}`))].map((key) => {
    const [term, series] = key.split("\n") as [string, string];
    const own = all.filter((point) => point.term === term && (point.series ?? "") === series);
    return `${series === "" ? "" : `${series} `}${term} ${ends(own)}`;
  });
  const alt = `${words}: ${lines.join(", ")}.`;
  const narrow = names.length > 1 ? { narrow: lossCurvesSpec(all, { ...options, columns: 1 }) } : {};
  return [{ id, title, alt, caption: `${words}.`, spec: lossCurvesSpec(all, options), ...narrow }];
}

function ends(line: readonly LossPoint[]): string {
  const [first, last] = [line[0]!, line.at(-1)!].map(({ value }) => Number(value.toPrecision(3)));
  return line.length === 1 ? String(first) : `${first} to ${last}`;
}

function points(metrics: readonly LoggedLine[], wanted: (key: string) => boolean): LossPoint[] {
  return metrics.flatMap((line) =>
    Object.entries(line).flatMap(([key, value]) =>
      wanted(key) && value !== null && typeof line.step === "number" ? [{ step: line.step, term: key, value }] : [],
    ),
  );
}

function bestStep(
  all: readonly LossPoint[],
  { metric, mode, model }: NonNullable<ReturnType<typeof monitorOf>>,
): number | undefined {
  const line = all.filter(({ term, series }) => term === metric && series === model);
  const sign = mode === "max" ? 1 : -1;
  return line.reduce<LossPoint | undefined>(
    (best, point) => (best === undefined || sign * point.value > sign * best.value ? point : best),
    undefined,
  )?.step;
}
