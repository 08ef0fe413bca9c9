import type { ResultRow } from "./metrics-table.ts";

/** A sentence or two on what the demo's table shows and what it does not, made from its numbers. */
export function demoText(rows: readonly ResultRow[]): string[] {
  const value = (name: string, metric: string): number => {
    const found = rows.find((row) => row.name === name)?.[metric];
    return typeof found === "number" ? found : Number.NaN;
  };
  const gain = (metric: string): string => signed(value("distilled", metric) - value("hard", metric));
  const recall = `recall@100 ${number(value("distilled", "recall@100"))} against ${number(value("hard", "recall@100"))}`;
  const lead = value("softmax", "recall@100") - value("distilled", "recall@100");
  return [
    `The distilled student differs from its control "hard" in its target alone (the teacher's probability in place of y = 5): ${recall}, ctcvr/auc ${gain("ctcvr/auc")}.`,
    lead > 0
      ? `That is no claim against the best plain student: "softmax", which never saw the teacher, is ahead of it on recall@100 by ${number(lead)} and behind on ctcvr/auc by ${number(value("distilled", "ctcvr/auc") - value("softmax", "ctcvr/auc"))}.`
      : `It is also ahead of "softmax", which never saw the teacher, on recall@100 by ${number(-lead)}.`,
    `One seed: the numbers move by a few thousandths (AUC) to a few hundredths (recall) from seed to seed; npm run bench:insteval gives three seeds.`,
  ];
}

function number(x: number): string {
  return x.toFixed(3);
}

function signed(x: number): string {
  return `${x < 0 ? "-" : "+"}${Math.abs(x).toFixed(3)}`;
}
