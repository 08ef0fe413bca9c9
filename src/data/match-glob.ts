// A glob as a regular expression backtracks: `*a*a*a*b` against a long name of a's takes longer than anyone waits. So
// it is followed as a set of places, all at once: time grows with the product of the two lengths.

/**
 * Whether a path is one that a glob names. `*` stands for any part of one name, `?` for one character, `**` for any
 * number of names.
 *
 * @param glob - its names in order. @param path - the path's names in order.
 */
export function globMatches(glob: readonly string[], path: readonly string[]): boolean {
  let places = passStars(glob, new Set([0]));
  for (const name of path) {
    const next = new Set<number>();
    for (const place of places) {
      const segment = glob[place];
      if (segment === "**") next.add(place);
      else if (segment !== undefined && nameMatches(segment, name)) next.add(place + 1);
    }
    places = passStars(glob, next);
  }
  return places.has(glob.length);
}

/** `**` stands for no name, too. */
function passStars(glob: readonly string[], places: Set<number>): ReadonlySet<number> {
  for (const place of places) if (glob[place] === "**") places.add(place + 1); // a set's loop goes over what is added
  return places;
}

/** After a failure only the last `*` needs to take more: what stood before it has matched as early as it can. */
function nameMatches(segment: string, name: string): boolean {
  const [pattern, text] = [[...segment], [...name]];
  let at = 0;
  let star: { readonly after: number; readonly taken: number } | undefined;
  for (let i = 0; i < text.length; ) {
    if (pattern[at] === "*") star = { after: ++at, taken: i };
    else if (pattern[at] === "?" || pattern[at] === text[i]) {
      at++;
      i++;
    } else if (star !== undefined) {
      star = { after: star.after, taken: star.taken + 1 };
      at = star.after;
      i = star.taken;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
