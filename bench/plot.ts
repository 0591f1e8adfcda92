/** A line of a plot. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  /** Whether each tick is ten times the previous one. */
  readonly logarithmic?: boolean;
}

const width = 640;
const height = 340;
const left = 64;
const right = 150;
const top = 36;
const bottom = 48;
const colours = ["#2563eb", "#dc2626", "#059669", "#9333ea", "#d97706"];

/** Draws lines over two axes, as SVG. */
export function plot(title: string, x: Axis, y: Axis, series: readonly Series[]): string {
  const xs = series.flatMap(({ points }) => points.map(([value]) => value));
  const ys = series.flatMap(({ points }) => points.map(([, value]) => value));
  const xScale = scale(x, xs, left, width - right);
  const yScale = scale(y, y.logarithmic ? ys : [0, ...ys], height - bottom, top);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(left, 20, title, 'font-size="14"'),
    ...xScale.ticks.flatMap((value) => [
      line(xScale.at(value), top, xScale.at(value), height - bottom),
      text(xScale.at(value), height - bottom + 16, format(value), 'text-anchor="middle"'),
    ]),
    ...yScale.ticks.flatMap((value) => [
      line(left, yScale.at(value), width - right, yScale.at(value)),
      text(left - 6, yScale.at(value) + 4, format(value), 'text-anchor="end"'),
    ]),
    text((left + width - right) / 2, height - 12, x.label, 'text-anchor="middle"'),
    text(left, top - 4, y.label, 'text-anchor="end"'),
  ];
  series.forEach(({ name, points }, index) => {
    const colour = colours[index % colours.length]!;
    const path = points.map(([px, py]) => `${xScale.at(px).toFixed(1)},${yScale.at(py).toFixed(1)}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const labelY = top + 12 + index * 16;
    parts.push(text(width - right + 10, labelY, name, `fill="${colour}"`));
  });
  return `${parts.join("\n")}\n</svg>\n`;
}

function scale({ logarithmic }: Axis, values: readonly number[], from: number, to: number) {
  const map = logarithmic ? Math.log10 : (value: number) => value;
  const ticks = logarithmic ? decades(values) : steps(values);
  const first = map(ticks[0]!);
  const span = map(ticks.at(-1)!) - first || 1;
  return { ticks, at: (value: number) => from + ((map(value) - first) / span) * (to - from) };
}

function decades(values: readonly number[]): number[] {
  const lowest = Math.floor(Math.log10(Math.min(...values)));
  const highest = Math.ceil(Math.log10(Math.max(...values)));
  return Array.from({ length: Math.max(highest - lowest, 1) + 1 }, (_, n) => 10 ** (lowest + n));
}

/** About five round steps from the lowest to the highest value. */
function steps(values: readonly number[]): number[] {
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const rough = (highest - lowest || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const first = Math.floor(lowest / step) * step;
  return Array.from({ length: Math.ceil((highest - first) / step) + 1 }, (_, n) => first + n * step);
}

const format = (value: number) => Number(value.toPrecision(3)).toLocaleString("en");

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#e5e7eb"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  const escaped = content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}
