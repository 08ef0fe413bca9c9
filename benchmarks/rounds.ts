import { cpus } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contender, Turn } from "./contender.ts";
import { busyMilliseconds } from "./machine.ts";
import { median } from "./statistics.ts";

export interface RoundsOptions {
  readonly repeats: number;
  /** Timed steps of each contender and repeat. */
  readonly steps: number;
  /** Longest time to wait, all in all, for other programs to leave the processors, in milliseconds. */
  readonly patience: number;
  /** Steps of one turn; default 5. Before a turn of one long step none is taken untimed but at the start, where `warm`. */
  readonly stepsATurn?: number;
  readonly warm?: boolean;
}

/** Times of one contender. */
export interface Times {
  readonly name: string;
  /** Median milliseconds of a step, one a repeat. */
  readonly medians: readonly number[];
  /** Median milliseconds of processor time of a step, all threads together, one a repeat: hardly moved by other programs. */
  readonly cpuMedians: readonly number[];
  readonly loss: number;
}

export interface Rounds {
  readonly times: readonly Times[];
  /** Turns that were taken again because other programs used the processors meanwhile, and those where waiting did not help. */
  readonly turnsTakenAgain: number;
  readonly turnsDisturbed: number;
}

/** Largest share of the processors that other programs may use during a turn. */
const FOREIGN_SHARE = 0.08;
const TRIES = 6;

/**
 * Times contenders in short turns, one after the other and round again, so that what happens on the machine meanwhile
 * happens to all. Before each turn one step is taken untimed.
 */
export async function takeRounds(
  contenders: readonly Contender[],
  { repeats, steps, patience, stepsATurn = 5, warm = true }: RoundsOptions,
): Promise<Rounds> {
  const medians = contenders.map((): number[] => []);
  const cpuMedians = contenders.map((): number[] => []);
  const losses: number[] = [];
  const counts = { again: 0, disturbed: 0, patience };
  if (stepsATurn === 1 && warm) for (const contender of contenders) await contender.turn(1);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const times = contenders.map((): number[] => []);
    const cpuTimes = contenders.map((): number[] => []);
    for (let taken = 0; taken < steps; taken += stepsATurn) {
      for (const [i, contender] of contenders.entries()) {
        const turn = await quietTurn(contender, stepsATurn, counts);
        times[i]!.push(...turn.milliseconds);
        cpuTimes[i]!.push(turn.cpuMilliseconds / turn.milliseconds.length);
        losses[i] = turn.loss;
      }
    }
    times.forEach((milliseconds, i) => {
      medians[i]!.push(median(milliseconds));
      cpuMedians[i]!.push(median(cpuTimes[i]!));
    });
  }
  return {
    times: contenders.map(({ name }, i) => ({
      name,
      medians: medians[i]!,
      cpuMedians: cpuMedians[i]!,
      loss: losses[i]!,
    })),
    turnsTakenAgain: counts.again,
    turnsDisturbed: counts.disturbed,
  };
}

interface Counts {
  again: number;
  disturbed: number;
  patience: number;
}

async function quietTurn(contender: Contender, steps: number, counts: Counts): Promise<Turn> {
  for (let attempt = 1; ; attempt++) {
    if (steps > 1) await contender.turn(1);
    const [busy, start] = [busyMilliseconds(), performance.now()];
    const turn = await contender.turn(steps);
    const available = (performance.now() - start) * cpus().length;
    const foreign = busyMilliseconds() - busy - turn.cpuMilliseconds;
    // The system counts in ticks of 10 ms a processor.
    if (foreign <= FOREIGN_SHARE * available + 10 * cpus().length) return turn;
    if (attempt === TRIES || counts.patience <= 0) {
      counts.disturbed++;
      return turn;
    }
    counts.again++;
    counts.patience -= performance.now() - start + 500 * attempt;
    await sleep(500 * attempt);
  }
}
