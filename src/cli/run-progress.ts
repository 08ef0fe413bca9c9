import pc from "picocolors";
import type { RunNotice } from "../run/execute-run.ts";
import type { Io } from "./io.ts";
import { stepProgress } from "./step-progress.ts";

/** Shows a run: a bar with rate and time left on a terminal, a line every few seconds elsewhere. */
export interface RunProgress {
  readonly show: (notice: RunNotice) => void;
  readonly stop: () => void;
}

export function runProgress(io: Io, { quiet, name }: { readonly quiet: boolean; readonly name: string }): RunProgress {
  if (quiet) return { show: () => {}, stop: () => {} };
  const steps = stepProgress(io, name);
  const line = (text: string): void => {
    steps.stop();
    io.err(`${pc.dim(`${name}:`)} ${text}\n`);
  };
  return {
    stop: steps.stop,
    show: (notice) => {
      if (notice.kind === "step") return steps.step(notice);
      const text = describeNotice(notice);
      if (text !== undefined) line(text);
    },
  };
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
    case "firstStep": {
      const { seconds, dataSeconds, captureSeconds } = notice;
      return `first step done after ${seconds.toFixed(1)} s (data ${dataSeconds.toFixed(1)}, capture ${captureSeconds.toFixed(1)})`;
    }
    case "evaluation": {
      const models = Object.entries(notice.evaluation).map(([model, metrics]) => {
        const shown = Object.entries(metrics).filter(([metric]) => /^(ctr\/auc|ctcvr\/auc|recall@\d+)$/.test(metric));
        return `${model} ${shown.map(([metric, value]) => `${metric} ${value === null ? "undefined" : value.toFixed(4)}`).join(", ")}`;
      });
      return `${notice.part} after step ${notice.step}${notice.best ? " (best)" : ""}: ${models.join("; ")}`;
    }
    case "stage":
      return `stage ${notice.name} begins after step ${notice.step}`;
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
