import type { ResolvedConfig } from "../config/run-config.ts";
import { openRunData } from "../starting-point.ts";
import { checkLabelFeatures } from "./label-leaks.ts";
import type { LeakCheck } from "./leak-check.ts";
import { checkRows, checkTimeOrder } from "./split-leaks.ts";
import { checkTeacherRows } from "./teacher-leaks.ts";

/**
 * Looks for ways in which the measured rows of a configuration are known before they are measured: rows in two parts,
 * time order, a teacher that was trained on them, and features that a label can be read off.
 *
 * @throws {DataError} the data break their schema, or a run or store that the configuration names is broken.
 */
export async function checkLeaks(resolved: ResolvedConfig): Promise<readonly LeakCheck[]> {
  const { scores: _, ...config } = resolved.config;
  const { dataset } = await openRunData({ ...resolved, config });
  return [
    checkRows(dataset, config.data),
    checkTimeOrder(dataset, config.data),
    await checkTeacherRows(dataset, resolved),
    checkLabelFeatures(dataset, resolved.config),
  ];
}
