import { SingleBar } from "cli-progress";
import pc from "picocolors";
import type { Io } from "./io.ts";

/** Milliseconds between two plain lines of a run. */
const LINE_EVERY_MS = 5000;

/** One training step, as progress shows it. */
export interface ShownStep {
  readonly step: number;
  readonly totalSteps: number;
  readonly rows: number;
  readonly loss: number;
  readonly waitMs: number;
  readonly stepMs: number;
}

/** Training steps: a bar with rate and time left on a terminal, a line every few seconds elsewhere. */
export interface StepProgress {
  readonly step: (event: ShownStep) => void;
  /** Takes the bar away; the next step draws it again. */
  readonly stop: () => void;
}

export function stepProgress(io: Io, name: string): StepProgress {
  let bar: SingleBar | undefined;
  let lastLine = performance.now();
  let rate = 0;
  let steps = 0;
  return {
    stop: () => {
      bar?.stop();
      bar = undefined;
    },
    step: (event) => {
      const seconds = (event.waitMs + event.stepMs) / 1000;
      steps++;
      if (steps === 1) return; // it captures the step: its time says nothing about the rest
      rate = rate === 0 ? event.rows / seconds : 0.9 * rate + 0.1 * (event.rows / seconds);
      const state = { loss: event.loss.toFixed(4), rate: Math.round(rate).toLocaleString("en"), name };
      if (io.interactive) {
        bar ??= startBar(io, event, state);
        bar.update(event.step, state);
      } else if (performance.now() - lastLine > LINE_EVERY_MS) {
        lastLine = performance.now();
        const left = Math.ceil(((event.totalSteps - event.step) * event.rows) / rate);
        io.err(
          `${pc.dim(`${name}:`)} step ${event.step}/${event.totalSteps}, loss ${state.loss}, ${state.rate} rows/s, about ${left} s left\n`,
        );
      }
    },
  };
}

function startBar(io: Io, { totalSteps, step }: ShownStep, state: object): SingleBar {
  const bar = new SingleBar({
    stream: io.errStream,
    format: "{name}: {bar} step {value}/{total}, loss {loss}, {rate} rows/s, {eta_formatted} left",
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(totalSteps, step, state);
  return bar;
}
