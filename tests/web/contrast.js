// Texts whose contrast to what is behind them is below 4.5 (3 for large ones).
const rgb = (text) => (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
const part = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
function behind(element) {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (!color.startsWith("rgb(")) continue;
    return rgb(color);
  }
  return [255, 255, 255];
}
return [...document.querySelectorAll("body *")].filter((e) => {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.getClientRects().length || e.closest(":disabled, .sr")) return false;
  const style = getComputedStyle(e);
  const [a, b] = [light(rgb(style.color)), light(behind(e))].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.6 && style.fontWeight >= 700);
  return (a + 0.05) / (b + 0.05) < (large ? 3 : 4.5);
}).map((e) => e.outerHTML.slice(0, 100));
