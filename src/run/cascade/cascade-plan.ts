import type { CascadeRunConfig, PhaseConfig } from "./cascade-config.ts";

/** One phase of a cascade's training, in order. */
export interface PlannedPhase {
  readonly phase: PhaseConfig;
  /** Place in the plan, from 0. */
  readonly index: number;
  /** Rounds begun: 0 in the warm-up, then 1 to `rounds`; the finish counts to the last one. */
  readonly round: number;
  /** After it, the validation part is measured: at the end of the warm-up, of each round, and of the finish. */
  readonly endsRound: boolean;
}

/** The phases of a configuration, rounds written out. */
export function planPhases({ warmUp, round, rounds, finish }: CascadeRunConfig): readonly PlannedPhase[] {
  const blocks = [
    { phases: warmUp, round: 0 },
    ...Array.from({ length: rounds }, (_, i) => ({ phases: round, round: i + 1 })),
    { phases: finish, round: rounds },
  ];
  return blocks
    .flatMap((block) =>
      block.phases.map((phase, i) => ({ phase, round: block.round, endsRound: i === block.phases.length - 1 })),
    )
    .map((planned, index) => ({ ...planned, index }));
}
