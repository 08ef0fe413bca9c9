/** One thing that was looked for. */
export interface LeakCheck {
  readonly name: "rows in two parts" | "time order" | "teacher's rows" | "label in a feature";
  /** leak: the test part is not new; warning: look at it; not checked: the data cannot show it. */
  readonly verdict: "ok" | "warning" | "leak" | "not checked";
  readonly message: string;
}
