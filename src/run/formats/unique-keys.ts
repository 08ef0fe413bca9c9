/**
 * The first key that occurs twice in one object of a JSON text, or that is "__proto__"; undefined where there is none.
 * JSON.parse keeps the last of two equal keys without a word, so this looks at the text itself.
 *
 * @param text - valid JSON.
 */
export function offendingKey(text: string): string | undefined {
  const objects: (Set<string> | undefined)[] = []; // the keys of each open object; undefined for an open array
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === "{") objects.push(new Set());
    else if (character === "[") objects.push(undefined);
    else if (character === "}" || character === "]") objects.pop();
    if (character !== '"') continue;
    const end = stringEnd(text, i);
    const keys = objects.at(-1);
    if (keys !== undefined && isKey(text, end)) {
      const key: string = JSON.parse(text.slice(i, end));
      if (key === "__proto__" || keys.has(key)) return key;
      keys.add(key);
    }
    i = end - 1;
  }
  return undefined;
}

/** The place after the string that starts at `start`. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

/** A string is a key where a colon follows it. */
function isKey(text: string, end: number): boolean {
  let i = end;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\r" || text[i] === "\t") i++;
  return text[i] === ":";
}
