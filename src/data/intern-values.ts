/** Largest integer (exclusive) that is looked up by index rather than by hash. */
const DIRECT_LIMIT = 2 ** 22;

/** Gives equal values one code. */
export interface InternedValues {
  /** The value's code, a new one at first sight; -1 for values that are no text, integer or boolean. */
  codeOf(value: unknown): number;
  /** Distinct values by code, as text. */
  readonly values: readonly string[];
}

/** An empty set of values. Numbers and text of equal spelling are one value: 7, 7n and "7". */
export function internValues(): InternedValues {
  const values: string[] = [];
  const codeOfText = textCodes(values);
  const codeOfInteger = integerCodes(codeOfText);
  return {
    values,
    codeOf(value) {
      if (typeof value === "number") return Number.isSafeInteger(value) ? codeOfInteger(value) : -1;
      if (typeof value === "string") return codeOfText(value);
      if (typeof value === "bigint") {
        const integer = Number(value);
        return Number.isSafeInteger(integer) ? codeOfInteger(integer) : codeOfText(String(value));
      }
      return typeof value === "boolean" ? codeOfText(String(value)) : -1;
    },
  };
}

function textCodes(values: string[]): (text: string) => number {
  const codes = new Map<string, number>();
  return (text) => {
    const known = codes.get(text);
    if (known !== undefined) return known;
    codes.set(text, values.length);
    return values.push(text) - 1;
  };
}

/** Integers are spelt out once, at first sight: small ones are then found by index, others by number. */
function integerCodes(codeOfText: (text: string) => number): (value: number) => number {
  // code + 1 by integer; 0 where the integer was not seen yet.
  let small = new Int32Array(1024);
  const large = new Map<number, number>();
  return (value) => {
    if (value < 0 || value >= DIRECT_LIMIT) {
      const known = large.get(value) ?? codeOfText(String(value));
      large.set(value, known);
      return known;
    }
    if (value >= small.length) small = enlarged(small, value);
    const known = small[value]!;
    if (known !== 0) return known - 1;
    const code = codeOfText(String(value));
    small[value] = code + 1;
    return code;
  };
}

function enlarged(small: Int32Array, value: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.min(DIRECT_LIMIT, Math.max(value + 1, small.length * 4)));
  larger.set(small);
  return larger;
}
