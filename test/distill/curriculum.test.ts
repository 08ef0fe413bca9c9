import { describe, expect, it } from "vitest";
import {
  advanceStage,
  type Stage,
  type StageEvent,
  type StageState,
  stageStart,
} from "../../src/distill/curriculum.ts";

const last: Stage = { name: "last" };
const step = (loss: number): StageEvent => ({ kind: "step", loss });
const evaluation = (value: number | null): StageEvent => ({ kind: "evaluation", value });

/** Number of the stage after each event. */
function stagesOf(until: NonNullable<Stage["until"]>, events: readonly StageEvent[]): number[] {
  let state: StageState = stageStart();
  return events.map((event) => {
    state = advanceStage([{ name: "first", until }, last], state, event);
    return state.index;
  });
}

describe("a stage ends", () => {
  it("after its steps, and after its epochs", () => {
    expect(stagesOf({ kind: "steps", steps: 3 }, [1, 1, 1, 1].map(step))).toEqual([0, 0, 1, 1]);
    const epochs: StageEvent[] = [step(1), { kind: "epoch" }, step(1), { kind: "epoch" }, { kind: "epoch" }];
    expect(stagesOf({ kind: "epochs", epochs: 2 }, epochs)).toEqual([0, 0, 0, 1, 1]);
  });

  it("when a metric has not got better by enough for long enough; evaluations without a value do not count", () => {
    const until = { kind: "plateau", mode: "max", patience: 2, least: 0.01 } as const;
    const values = [0.1, 0.2, 0.205, null, 0.3, 0.305, 0.309, 0.4].map(evaluation);
    expect(stagesOf(until, values)).toEqual([0, 0, 0, 0, 0, 0, 1, 1]);
    const falling = [3, 2, 2.5, 1, 1, 1].map(evaluation);
    expect(stagesOf({ ...until, mode: "min", least: 0 }, falling)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it("when the loss of a window is hardly below that of the window before", () => {
    const until = { kind: "loss-plateau", window: 2, tolerance: 0.1 } as const;
    // Means 10, 5, 4.4 (12 % less), 4 (9 % less): the last one ends it.
    const losses = [11, 9, 6, 4, 4.5, 4.3, 4.1, 3.9];
    expect(stagesOf(until, losses.map(step))).toEqual([0, 0, 0, 0, 0, 0, 0, 1]);
    expect(stagesOf(until, [-1, -1, -2, -2, -2.1, -2.1].map(step))).toEqual([0, 0, 0, 0, 0, 1]);
  });
});

describe("stages", () => {
  it("count anew where the next begins, and the last goes on for ever", () => {
    const stages: Stage[] = [
      { name: "a", until: { kind: "steps", steps: 1 } },
      { name: "b", until: { kind: "steps", steps: 2 } },
      last,
    ];
    let state = stageStart();
    const seen = [1, 2, 3, 4, 5].map((loss) => {
      state = advanceStage(stages, state, step(loss));
      return [state.index, state.steps];
    });
    expect(seen).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
      [2, 2],
    ]);
  });

  it("refuse the state of other stages", () => {
    expect(() => advanceStage([last], stageStart(1), step(1))).toThrow(
      "advanceStage: state must be of one of 1 stages, got stage 1",
    );
  });
});
