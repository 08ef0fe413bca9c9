import type { Dataset } from "../../data/dataset.ts";
import type { Program, Rates, StepReport } from "../../engine/program.ts";
import type { HostBatch } from "../../engine/step.ts";
import { ConfigError } from "../../errors.ts";
import { randomStream } from "../../random.ts";
import type { TrainState } from "../events.ts";
import { assertFiniteLoss } from "../run-job.ts";
import type { CascadeRunConfig, ListSpaceConfig, PhaseConfig } from "./cascade-config.ts";
import { type PlannedPhase, planPhases } from "./cascade-plan.ts";
import { frozenTutors, phaseEntry } from "./cascade-program.ts";
import { isLearning, learnersOf, phaseInputs, TERMS } from "./cascade-terms.ts";
import { collectExposures, type Exposures } from "./exposures.ts";
import { type LabelledLists, withLabels, withTutors } from "./list-batches.ts";
import type { LoggedRequests } from "./logged-requests.ts";
import { joinSources, openSource } from "./phase-batches.ts";
import { scoreLists } from "./score-pairs.ts";
import { ageOf, type BuiltAt, buildLists, isDue, type SpaceLists } from "./space-lists.ts";

interface At {
  readonly phase: string;
  readonly round: number;
  readonly state: TrainState;
}

/** What training reports. A phase's position is `state.epoch` (the phase's place) and `state.index` (its batches done). */
export type CascadeEvent =
  | ({ readonly kind: "lists"; readonly space: string; readonly lists: SpaceLists; readonly seconds: number } & At & {
        /** Share of places whose item was exposed to the user in training. */
        readonly exposedShare: number;
        readonly changedShare: number | null;
      })
  | ({ readonly kind: "stale"; readonly space: string; readonly age: number; readonly message: string } & At)
  | ({ readonly kind: "tutors"; readonly seconds: number; readonly pairs: number } & At)
  | ({ readonly kind: "step"; readonly totalSteps: number; readonly rows: number } & At & Timing & StepReport)
  | ({ readonly kind: "phase"; readonly seconds: number; readonly steps: number; readonly endsRound: boolean } & At)
  | ({ readonly kind: "end"; readonly reason: "done" | "interrupted" } & At);

interface Timing {
  readonly waitMs: number;
  readonly stepMs: number;
}

export interface TrainCascadeOptions {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: CascadeRunConfig;
  readonly logged: ReadonlyMap<string, LoggedRequests>;
  readonly from: TrainState;
  /** Lists in use where training goes on. */
  readonly lists: ReadonlyMap<string, SpaceLists>;
  readonly signal?: AbortSignal | undefined;
}

/** Trains phase by phase; yields what happens and stands still while the consumer works. */
export async function* trainCascade(options: TrainCascadeOptions): AsyncGenerator<CascadeEvent, TrainState> {
  const { config, dataset, from } = options;
  const exposures = collectExposures(dataset, config.labels);
  const plan = planPhases(config);
  const lists = new Map(options.lists);
  let state = from;
  for (const planned of plan.slice(from.epoch)) {
    state = yield* runPhase(options, { planned, plan, exposures, lists, state });
    if (options.signal?.aborted) {
      yield { kind: "end", reason: "interrupted", ...at(planned, state) };
      return state;
    }
  }
  yield { kind: "end", reason: "done", ...at(plan.at(-1)!, state) };
  return state;
}

interface PhaseInputs {
  readonly planned: PlannedPhase;
  readonly plan: readonly PlannedPhase[];
  readonly exposures: Exposures;
  readonly lists: Map<string, SpaceLists>;
  readonly state: TrainState;
}

const at = ({ phase, round }: PlannedPhase, state: TrainState): At => ({ phase: phase.name, round, state });

async function* runPhase(options: TrainCascadeOptions, inputs: PhaseInputs): AsyncGenerator<CascadeEvent, TrainState> {
  const { program, dataset, config, signal } = options;
  const { planned, exposures } = inputs;
  const { phase, index: phaseIndex } = planned;
  const started = performance.now();
  let { state } = inputs;
  const firstStep = state.step - state.index;
  const labelled = yield* prepareLists(options, inputs);
  const seed = randomStream(config.seed, "phase", phaseIndex).integer(2 ** 31);
  const spaces = [...new Set(phase.terms.map(({ space }) => space))];
  const source = joinSources(
    new Map(spaces.map((name) => [name, openSource({ dataset, config, exposures, lists: labelled, seed }, name)])),
  );
  const total = phase.epochs * source.perEpoch;
  yield* checkAges(config, inputs, total - state.index);
  const entry = phaseEntry(phase);
  const totalSteps = firstStep + total;
  for (let done = state.index; done < total; done++) {
    const before = performance.now();
    const batch = source.at(Math.floor(done / source.perEpoch), done % source.perEpoch);
    const ready = performance.now();
    const report = program.train(entry, {
      batch,
      rates: ratesAt(phase, done / total),
      inputs: phaseInputs(phase, done),
    });
    assertFiniteLoss(`phase "${phase.name}"`, report, state.step + 1);
    state = { ...state, step: state.step + 1, index: done + 1 };
    const timing = { waitMs: ready - before, stepMs: performance.now() - ready };
    yield { kind: "step", totalSteps, rows: rowsOf(phase, batch), ...timing, ...report, ...at(planned, state) };
    if (signal?.aborted) return state;
  }
  state = { ...state, epoch: phaseIndex + 1, index: 0 };
  const seconds = (performance.now() - started) / 1000;
  yield { kind: "phase", seconds, steps: state.step - firstStep, endsRound: planned.endsRound, ...at(planned, state) };
  return state;
}

/** Builds the lists that are due, and gives all of the phase's lists labels and the scores of tutors that stand still. */
async function* prepareLists(
  { program, dataset, config, logged }: TrainCascadeOptions,
  { planned, exposures, lists, state }: PhaseInputs,
): AsyncGenerator<CascadeEvent, ReadonlyMap<string, LabelledLists>> {
  const { phase } = planned;
  const now: BuiltAt = { phase: planned.index, round: planned.round, step: state.step };
  const labelled = new Map<string, LabelledLists>();
  for (const name of new Set(phase.terms.map(({ space }) => space))) {
    const space = config.spaces[name]!;
    if (space.kind === "rows" || space.kind === "in-batch") continue;
    const before = lists.get(name);
    // A phase that goes on after a stop keeps the lists that it began with.
    const isBuilt = isDue(space, before?.builtAt, now) && !(state.index > 0 && before !== undefined);
    const building = performance.now();
    if (isBuilt) {
      const built = await buildLists({ program, dataset, config, logged }, name, space, now);
      lists.set(name, { ...built, changedShare: before === undefined ? null : changedShare(before, built) });
    }
    const current = lists.get(name)!;
    const own = withLabels(dataset, exposures, config.labels, current.lists);
    // Also where they are this phase's from before a stop: the log's line on the phase names them.
    if (current.builtAt.phase === planned.index) {
      const exposed = own.values.exposed!;
      yield {
        kind: "lists",
        space: name,
        lists: current,
        seconds: (performance.now() - building) / 1000,
        exposedShare: exposed.reduce((a, b) => a + b, 0) / exposed.length,
        changedShare: current.changedShare ?? null,
        ...at(planned, state),
      };
    }
    const scoring = performance.now();
    const tutors = frozenTutors(phase, name).map(
      (stage) => [stage, scoreLists(program, dataset, stage, current.lists)] as const,
    );
    if (tutors.length > 0) {
      const seconds = (performance.now() - scoring) / 1000;
      yield { kind: "tutors", seconds, pairs: current.lists.items.length * tutors.length, ...at(planned, state) };
    }
    labelled.set(name, withTutors(own, tutors));
  }
  return labelled;
}

/** Share of items that a row's list before did not hold, over rows that both have; null where there is none. */
function changedShare({ lists: old }: SpaceLists, { lists }: SpaceLists): number | null {
  const held = new Map<number, Set<number>>();
  for (const [i, row] of old.rows.entries())
    held.set(row, new Set(old.items.subarray(i * old.length, (i + 1) * old.length)));
  let changed = 0;
  let compared = 0;
  for (const [place, item] of lists.items.entries()) {
    const before = held.get(lists.rows[Math.floor(place / lists.length)]!);
    if (before === undefined) continue;
    compared++;
    if (!before.has(item)) changed++;
  }
  return compared === 0 ? null : changed / compared;
}

/** Complains of lists that grow older than their period before the phase is over. */
function* checkAges(
  { spaces }: CascadeRunConfig,
  { planned, lists, state }: PhaseInputs,
  steps: number,
): Generator<CascadeEvent> {
  for (const name of new Set(planned.phase.terms.map((term) => term.space))) {
    const space = spaces[name]!;
    const built = lists.get(name);
    if (built === undefined) continue;
    const { refresh, stale } = space as ListSpaceConfig;
    if (refresh === undefined) continue;
    const end: BuiltAt = { phase: planned.index, round: planned.round, step: state.step + steps - 1 };
    const age = ageOf(refresh, built.builtAt, end);
    if (age < refresh.every || (refresh.unit !== "steps" && space.kind !== "logged")) continue;
    const message = `spaces.${name}: lists must be younger than ${refresh.every} ${refresh.unit} while phase "${planned.phase.name}" uses them, got ${age} at its end; lengthen refresh, shorten the phase, or set stale: warning`;
    if (stale === "error") throw new ConfigError(message);
    yield { kind: "stale", space: name, age, message, ...at(planned, state) };
  }
}

/** Rates of a phase's learners after a share of it is done. */
function ratesAt(phase: PhaseConfig, done: number): Readonly<Record<string, Rates>> {
  const { rate, tableRate = rate } = phase.optimiser;
  const share = 1 + (phase.finalRate - 1) * done;
  const groups = [...learnersOf(phase), ...(phase.terms.some(isLearning) ? [TERMS] : [])];
  return Object.fromEntries(
    groups.map((group) => {
      const own = phase.rates[group];
      return [group, { dense: (own ?? rate) * share, table: (own ?? tableRate) * share }];
    }),
  );
}

/** Rows or lists of the first space's batch. */
const rowsOf = ({ terms }: PhaseConfig, batch: HostBatch): number => batch[`${terms[0]!.space}/weight`]!.shape[0]!;
