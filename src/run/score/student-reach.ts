import type { StoreManifest } from "../../distill/scores/manifest.ts";
import type { RunConfig } from "../config/run-config.ts";

/** Terms whose loss compares numbers with numbers; the others see differences or order alone. */
const POINT_WISE = ["bernoulli-kl", "soft-cross-entropy", "logit-mse", "probability-mse"];

/**
 * Where a student's scores cannot be, or are not at first, what the teacher's are: a student of unit vectors has logits
 * in bias +- scale.
 */
export function reachWarnings({ student, distill }: RunConfig, { content, heads }: StoreManifest): string[] {
  if (student === undefined || !student.normalise) return [];
  const { scale, bias } = student;
  const section = content.rows ?? content.candidates ?? content.top ?? content.uniform;
  return distill.flatMap((term) => {
    const { name, head, kind, scaleStudent } = term;
    if (typeof head !== "string" || scaleStudent) return [];
    const summary = heads.includes(head) ? section?.heads[head] : undefined;
    if (summary === undefined || !POINT_WISE.includes(kind)) return [];
    const [low, high] = [summary.quantiles[1]!, summary.quantiles[99]!];
    const needed = Math.max(high - bias, bias - low);
    if (needed <= scale) return [];
    const softer =
      "temperature" in term && typeof term.temperature === "number"
        ? `raise the temperature (now ${term.temperature}), `
        : "";
    const shown = [bias - scale, bias + scale, low, high].map((value) => value.toFixed(1));
    return [
      `distill.${name}: the student's logits begin within ${shown[0]} to ${shown[1]} (unit vectors, scale ${scale}, bias ${bias}), the teacher's ${head} lies within ${shown[2]} to ${shown[3]} for 98 % of the pairs; set student.scale to about ${Math.ceil(needed)}, move student.bias towards ${((low + high) / 2).toFixed(1)}, ${softer}set scaleStudent: true, or set student.normalise: false`,
    ];
  });
}
