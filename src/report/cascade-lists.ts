import type { PhaseLine, RunReport } from "./read-run-report.ts";

/** Lists of a space while a phase trains on them. */
export interface ListAge {
  readonly phase: string;
  readonly round: number;
  readonly space: string;
  /** Steps done when the phase began and when it ended. */
  readonly from: number;
  readonly to: number;
  readonly builtAtStep: number;
  /** Steps from the building to the phase's end. */
  readonly age: number;
  /** What they were like, where they were built for this phase. */
  readonly build: PhaseLine["lists"][string] | undefined;
}

interface PhaseConfig {
  readonly name: string;
  readonly terms: readonly { readonly space: string }[];
}

/** The lists that each finished phase used, built for it or for one before, and how old they became. */
export function listAges({ config, phases }: Pick<RunReport, "config" | "phases">): readonly ListAge[] {
  const all = ["warmUp", "round", "finish"].flatMap((block) => (config[block] as readonly PhaseConfig[]) ?? []);
  const spacesOf = new Map(all.map(({ name, terms }) => [name, new Set(terms.map(({ space }) => space))]));
  const builtAt = new Map<string, number>();
  return phases.flatMap(({ phase, round, step, steps, lists }) => {
    for (const [space, build] of Object.entries(lists)) builtAt.set(space, build.builtAtStep);
    return [...(spacesOf.get(phase) ?? [])].flatMap((space): readonly ListAge[] => {
      const builtAtStep = builtAt.get(space);
      if (builtAtStep === undefined) return []; // rows, or the batch itself: no lists
      const [from, to] = [step - steps, step];
      return [{ phase, round, space, from, to, builtAtStep, age: to - builtAtStep, build: lists[space] }];
    });
  });
}
