// Texts whose contrast to what is behind them is below 4.5 (3 for large ones). Backgrounds that let
// something through are mixed with what is behind them.
function parse(text) {
  const n = (text.match(/-?[\d.]+(e-?\d+)?/g) || []).map(Number);
  const [r, g, b, a = 1] = text.startsWith("color(") ? [n[0] * 255, n[1] * 255, n[2] * 255, n[3]] : n;
  return [r, g, b, a];
}
const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
const part = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
function behind(element) {
  const layers = [];
  for (let e = element; e; e = e.parentElement) {
    const layer = parse(getComputedStyle(e).backgroundColor);
    layers.push(layer);
    if (layer[3] === 1) break;
  }
  return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
}
return [...document.querySelectorAll("body *")].filter((e) => {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest(":disabled, .sr")) return false;
  const style = getComputedStyle(e);
  const ground = behind(e);
  const [a, b] = [light(over(parse(style.color), ground)), light(ground)].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
  return !((a + 0.05) / (b + 0.05) >= (large ? 3 : 4.5));
}).map((e) => e.outerHTML.slice(0, 100));
