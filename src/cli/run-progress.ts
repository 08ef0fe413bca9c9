import { SingleBar } from "cli-progress";
import pc from "picocolors";
import type { RunNotice } from "../run/execute-run.ts";
import type { Io } from "./io.ts";

/** Milliseconds between two plain lines of a run. */
const LINE_EVERY_MS = 5000;

/** Shows a run: a bar with rate and time left on a terminal, a line every few seconds elsewhere. */
export interface RunProgress {
  readonly show: (notice: RunNotice) => void;
  readonly stop: () => void;
}

export function runProgress(io: Io, { quiet, name }: { readonly quiet: boolean; readonly name: string }): RunProgress {
  if (quiet) return { show: () => {}, stop: () => {} };
  let bar: SingleBar | undefined;
  let lastLine = performance.now();
  let rate = 0;
  let steps = 0;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string): void => {
    stop();
    io.err(`${pc.dim(`${name}:`)} ${text}\n`);
  };
  const showStep = (event: Extract<RunNotice, { kind: "step" }>): void => {
    const seconds = (event.waitMs + event.stepMs) / 1000;
    steps++;
    if (steps === 1) return; // it captures the step: its time says nothing about the rest
    rate = rate === 0 ? event.rows / seconds : 0.9 * rate + 0.1 * (event.rows / seconds);
    const state = { loss: event.loss.toFixed(4), rate: Math.round(rate).toLocaleString("en"), name };
    if (io.interactive) {
      bar ??= startBar(io, event.totalSteps, event.step, state);
      bar.update(event.step, state);
    } else if (performance.now() - lastLine > LINE_EVERY_MS) {
      lastLine = performance.now();
      const left = ((event.totalSteps - event.step) * event.rows) / rate;
      line(
        `step ${event.step}/${event.totalSteps}, loss ${state.loss}, ${state.rate} rows/s, about ${Math.ceil(left)} s left`,
      );
    }
  };
  return {
    stop,
    show: (notice) => {
      if (notice.kind === "step") return showStep(notice);
      const text = describeNotice(notice);
      if (text !== undefined) line(text);
    },
  };
}

function startBar(io: Io, total: number, step: number, state: object): SingleBar {
  const bar = new SingleBar({
    stream: io.errStream,
    format: "{name}: {bar} step {value}/{total}, loss {loss}, {rate} rows/s, {eta_formatted} left",
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(total, step, state);
  return bar;
}

function describeNotice(notice: Exclude<RunNotice, { kind: "step" }>): string | undefined {
  switch (notice.kind) {
    case "data": {
      const parts = Object.entries(notice.report.parts).map(
        ([part, { rows }]) => `${rows.toLocaleString("en")} ${part}`,
      );
      return [
        `data read in ${notice.seconds.toFixed(1)} s: ${parts.join(", ")} rows`,
        ...outOfVocabulary(notice.report),
      ].join("; ");
    }
    case "scores": {
      const { rows, lists } = notice.report;
      const joined =
        rows &&
        `${rows.scored.toLocaleString("en")} of ${rows.total.toLocaleString("en")} training rows have a score (${((100 * rows.scored) / rows.total).toFixed(1)} %), ${rows.dropped} dropped, ${rows.hardLabelOnly} on their label alone`;
      const drawn =
        lists &&
        `${lists.count.toLocaleString("en")} lists, ${lists.unknownUsers} of users and ${lists.unknownItems} items that the data do not have`;
      return `scores: ${[joined, drawn].filter((text) => text !== null).join("; ")}`;
    }
    case "models": {
      const models = Object.entries(notice.models).map(
        ([model, { values, fingerprint }]) =>
          `${model} ${values.toLocaleString("en")} parameters (initial weights ${fingerprint})`,
      );
      return `${notice.resumedFrom === undefined ? "" : `resumed after step ${notice.resumedFrom}; `}${models.join(", ")}`;
    }
    case "evaluation": {
      const models = Object.entries(notice.evaluation).map(([model, metrics]) => {
        const shown = Object.entries(metrics).filter(([metric]) => /^(ctr\/auc|ctcvr\/auc|recall@\d+)$/.test(metric));
        return `${model} ${shown.map(([metric, value]) => `${metric} ${value === null ? "undefined" : value.toFixed(4)}`).join(", ")}`;
      });
      return `${notice.part} after step ${notice.step}${notice.best ? " (best)" : ""}: ${models.join("; ")}`;
    }
    case "end":
      return notice.reason === "done"
        ? undefined
        : `stopped after step ${notice.step}: ${notice.reason === "patience" ? "no better metric within patience" : "interrupted"}`;
    default:
      return undefined;
  }
}

/** What the parts hold that training does not know, in words. */
function outOfVocabulary({ parts }: Extract<RunNotice, { kind: "data" }>["report"]): string[] {
  return Object.entries(parts).flatMap(([part, report]) =>
    Object.entries(report.outOfVocabulary)
      .filter(([, count]) => part !== "train" && count > 0)
      .map(
        ([feature, count]) =>
          `${part}: ${count.toLocaleString("en")} ${count === 1 ? "value" : "values"} of ${feature} not in training`,
      ),
  );
}
