import { hashFile } from "../../data/hash-files.ts";
import { assertStoreFits } from "../../distill/scores/fit.ts";
import type { SectionName, StoreManifest } from "../../distill/scores/manifest.ts";
import { openStore, type ScoreStore } from "../../distill/scores/open-store.ts";
import type { HeadSummary } from "../../distill/scores/score-columns.ts";
import { rowFinder } from "../../distill/scores/source-rows.ts";
import { type SampledPair, surveyStore } from "../../distill/scores/survey-store.ts";
import type { NativeEngine } from "../../engine/native.ts";
import { DataError } from "../../errors.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import { scoreConfig } from "../config/score-config.ts";
import { type OpenedTeacher, openTeacher } from "./open-teacher.ts";
import { createScorer, storedHeads } from "./score-heads.ts";
import { openScoringData } from "./scoring-data.ts";
import { reachWarnings } from "./student-reach.ts";

/** Pairs of one section that were scored again. */
export interface Rescored {
  readonly section: SectionName;
  readonly pairs: number;
  /** Largest difference between stored and new score, of any head, and the one that is allowed there. */
  readonly largest: number;
  readonly allowed: number;
}

export interface CheckReport {
  readonly teacher: StoreManifest["teacher"];
  readonly coverage: StoreManifest["coverage"];
  readonly day: StoreManifest["day"];
  readonly sections: readonly {
    readonly section: SectionName;
    readonly rows: number;
    readonly shards: number;
    readonly bytes: number;
    readonly duplicates: number;
    readonly heads: Readonly<Record<string, HeadSummary>>;
  }[];
  readonly rescored: readonly Rescored[];
  /** What a student will find hard to learn. */
  readonly warnings: readonly string[];
  /** What makes the store unfit for use. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  readonly scores: string;
  /** Configuration of the data that were scored, and of the student: for scoring again, and for ranges. */
  readonly resolved?: ResolvedConfig | undefined;
  /** Run folder of the teacher, to score a sample again; needs `resolved`. */
  readonly teacher?: string | undefined;
  readonly native?: NativeEngine | undefined;
  /** Pairs of each section that are scored again. */
  readonly sample?: number;
}

/**
 * Reads a whole store and says what it holds: checksums, coverage, duplicate keys, quantiles; where a teacher is given,
 * whether it gives a sample the same scores; where a student is, whether it can reach them.
 *
 * @throws {DataError} the store is broken, or is not of that teacher (field and both values).
 */
export async function checkScores(options: CheckOptions): Promise<CheckReport> {
  const { scores, resolved, sample = 1000 } = options;
  const store = await openStore(scores);
  const { manifest } = store;
  const opened =
    options.teacher === undefined
      ? undefined
      : await openTeacher(options.teacher, { native: options.native, model: modelOf(manifest) });
  try {
    if (opened)
      assertStoreFits(store, {
        heads: [],
        day: null,
        weights: opened.identity.weights,
        features: opened.identity.features,
      });
    const rescore = opened && resolved && (await rescorer(store, opened, resolved));
    const sections: CheckReport["sections"][number][] = [];
    const rescored: Rescored[] = [];
    for await (const { sample: pairs, ...survey } of surveyStore(store, { sample: rescore ? sample : 0 })) {
      sections.push({ ...survey, heads: manifest.content[survey.section]!.heads });
      if (rescore && pairs.length > 0) rescored.push(rescore(survey.section, pairs));
    }
    return {
      teacher: manifest.teacher,
      coverage: manifest.coverage,
      day: manifest.day,
      sections,
      rescored,
      warnings: resolved === undefined ? [] : reachWarnings(resolved.config, manifest),
      problems: problemsOf(sections, rescored),
    };
  } finally {
    opened?.program.close();
  }
}

function modelOf({ teacher }: StoreManifest): "teacher" | "student" | undefined {
  return teacher.kind === "run" ? teacher.model : undefined;
}

function problemsOf(sections: CheckReport["sections"], rescored: readonly Rescored[]): string[] {
  const repeated = sections
    // Candidates are drawn with repetition.
    .filter(({ section, duplicates }) => section !== "candidates" && duplicates > 0)
    .map(({ section, duplicates }) => `section ${section} has ${duplicates} duplicate keys`);
  const wrong = rescored
    .filter(({ largest, allowed }) => !(largest <= allowed))
    .map(
      ({ section, largest, allowed }) =>
        `section ${section}: the teacher scores its sample otherwise, by up to ${largest} where ${allowed} is allowed`,
    );
  return [...repeated, ...wrong];
}

type Rescore = (section: SectionName, pairs: readonly SampledPair[]) => Rescored;

async function rescorer(store: ScoreStore, teacher: OpenedTeacher, resolved: ResolvedConfig): Promise<Rescore> {
  const { manifest } = store;
  const dataset = await openScoringData(resolved, teacher);
  const config = resolved.config.score ?? scoreConfig.parse({});
  const heads = storedHeads(config, teacher.heads).filter(({ name }) => manifest.heads.includes(name));
  const scorer = createScorer(teacher, dataset, heads);
  const files = dataset.source.files.map(async ({ path, name, start }) => ({
    name,
    start,
    sha256: await hashFile(path),
  }));
  const find = rowFinder(manifest, { files: await Promise.all(files), rows: dataset.source.rows });
  const itemOf = new Map(dataset.items.ids.map((id, item) => [id, item]));
  return (section, pairs) => {
    const known = pairs.flatMap((pair) => {
      const row = find(pair.row ?? -1);
      const item = itemOf.get(pair.item ?? "");
      return row >= 0 && item !== undefined ? [{ row, item, scores: pair.scores }] : [];
    });
    if (known.length < pairs.length) {
      throw new DataError(
        `--config: data must have the pairs of section ${section}, got ${known.length} of ${pairs.length} sampled ones; give the configuration that was scored with`,
      );
    }
    const rows = Int32Array.from(known, ({ row }) => row);
    const items = section === "rows" ? undefined : Int32Array.from(known, ({ item }) => item);
    const fresh = scorer.pairs(rows, items);
    return { section, pairs: known.length, ...compare(known, fresh, manifest) };
  };
}

/** Two batches of other shapes may differ in the last bits of a sum; half floats have eleven bits. */
const TOLERANCE = { float32: 1e-4, float16: 2 ** -10 } as const;

function compare(
  stored: readonly { readonly scores: Readonly<Record<string, number>> }[],
  fresh: Readonly<Record<string, Float32Array>>,
  { dtype }: StoreManifest,
): { readonly largest: number; readonly allowed: number } {
  let worst = { largest: 0, allowed: TOLERANCE[dtype] };
  for (const [head, values] of Object.entries(fresh)) {
    for (const [i, { scores }] of stored.entries()) {
      const largest = Math.abs(scores[head]! - values[i]!);
      const allowed = TOLERANCE[dtype] * Math.max(1, Math.abs(values[i]!));
      // Written so that NaN counts as a difference.
      if (!(largest / allowed <= worst.largest / worst.allowed)) worst = { largest, allowed };
    }
  }
  return worst;
}
