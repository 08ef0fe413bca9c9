const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const NOT_FINITE = /^[+-]?(?:nan|inf|infinity)$/i;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** The number that a text cell holds; null where it is missing, NaN for words such as inf, undefined for other text. */
export function parseNumber(cell: unknown): number | null | undefined {
  if (cell === null) return null;
  const text = String(cell).trim();
  if (DECIMAL.test(text)) return Number(text);
  return NOT_FINITE.test(text) ? Number.NaN : undefined;
}

/** Milliseconds since 1970 of an ISO 8601 date or time, which is taken as UTC where it names no zone. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim();
  if (!ISO_TIME.test(trimmed)) return undefined;
  const iso = trimmed.replace(" ", "T");
  const zoned = iso.length === 10 || /(?:Z|[+-]\d{2}:?\d{2})$/.test(iso) ? iso : `${iso}Z`;
  const time = Date.parse(zoned);
  return Number.isNaN(time) ? undefined : time;
}
