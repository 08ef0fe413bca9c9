// Runs inside of a page, what a ruler and a light meter would find: faults by kind, each a list of places.
/** Least ratio of text to its ground (WCAG 2.2, 1.4.3), and least size of text in a drawing as it is shown. */
(() => {
  const LEAST_CONTRAST = 4.5;
  const LEAST_PIXELS = 8;
  const shown = (element) => element.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const place = (element) =>
    `${element.tagName} "${(element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 50)}"`;

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [R, G, B] = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * R + 0.7152 * G + 0.0722 * B;
  };
  const ratio = (a, b) => {
    const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const groundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba("Canvas");
  };
  /** The drawn shape under a text's middle, else the drawing's own ground. */
  const groundInDrawing = (text) => {
    text.scrollIntoView({ block: "center" });
    const box = text.getBoundingClientRect();
    const under = document.elementsFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    for (const element of under.slice(under.indexOf(text) + 1)) {
      if (!(element instanceof SVGElement) || element instanceof SVGSVGElement || element instanceof SVGTextElement)
        continue;
      const colour = rgba(getComputedStyle(element).fill);
      if (colour[3] === 255) return colour;
    }
    return groundOf(text);
  };

  const contrast = [];
  const small = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.textContent.trim() === "" || !shown(element)) continue;
    const isDrawn = element instanceof SVGTextElement;
    const colour = rgba(isDrawn ? getComputedStyle(element).fill : getComputedStyle(element).color);
    const found = ratio(colour, isDrawn ? groundInDrawing(element) : groundOf(element));
    if (found < LEAST_CONTRAST) contrast.push(`${place(element)} ${found.toFixed(2)}`);
    if (!isDrawn) continue;
    const svg = element.ownerSVGElement;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const pixels = scale * Number.parseFloat(getComputedStyle(element).fontSize);
    if (pixels < LEAST_PIXELS) small.push(`${place(element)} ${pixels.toFixed(1)} px`);
  }

  const width = document.documentElement.clientWidth;
  const wide = all("body *")
    .filter((element) => shown(element) && element.closest(".scroll,svg") === null)
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map(place);
  if (document.documentElement.scrollWidth > width) wide.push(`page ${document.documentElement.scrollWidth} px`);
  const ids = all("[id]").map(({ id }) => id);
  return {
    wide,
    contrast,
    small,
    ids: ids.filter((id, i) => ids.indexOf(id) !== i),
    links: all("a[href^='#']")
      .filter(({ hash }) => document.querySelector(hash) === null)
      .map(place),
    tables: all("table")
      .filter(
        (table) =>
          !table.caption?.textContent ||
          [...table.querySelectorAll("th")].some((cell) => !["col", "row"].includes(cell.scope)) ||
          table.querySelector("thead th") === null ||
          table.querySelector("tbody th") === null,
      )
      .map(place),
    figures: all("figure")
      .filter(
        (figure) =>
          figure.querySelector("figcaption")?.textContent?.length === 0 ||
          [...figure.querySelectorAll("svg")].some(
            (svg) => svg.getAttribute("role") !== "img" || (svg.getAttribute("aria-label") ?? "").length < 20,
          ),
      )
      .map(place),
  };
})();
