/** Draws every <figure data-chart>; again when the theme turns, the width changes, or paper wants it light. */
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { height, option } from "./charts/options.ts";
import type { Spec } from "./charts/specs.ts";

use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  LabelLayout,
  SVGRenderer,
]);

type Drawn = { figure: HTMLElement; chart: ECharts; spec: Spec; width: number };
let drawn: Drawn[] = [];

const watcher = new ResizeObserver((entries) => {
  for (const entry of entries) {
    const one = drawn.find(({ chart }) => chart.getDom() === entry.target);
    if (!one || matchMedia("print").matches || Math.abs(entry.contentRect.width - one.width) < 2) continue;
    one.width = entry.contentRect.width;
    one.chart.resize();
    paint(one);
  }
});

function paint(one: Drawn): void {
  one.chart.setOption(option(one.spec, one.width), { notMerge: true });
}

function repaint(): void {
  drawn = drawn.filter((one) => {
    if (one.figure.isConnected) return true;
    watcher.unobserve(one.chart.getDom());
    one.chart.dispose();
    return false;
  });
  drawn.forEach(paint);
}

export function draw(root: ParentNode): void {
  root.querySelectorAll<HTMLElement>("[data-chart]:not([data-drawn])").forEach((figure) => {
    const host = figure.querySelector<HTMLElement>(".chart-canvas");
    const spec = JSON.parse(figure.dataset["chart"] ?? "null") as Spec | null;
    if (!host || !spec) return;
    figure.dataset["drawn"] = "";
    host.style.height = `${height(spec)}px`;
    const mark = document.createElement("div"); // an empty host is not shown, and has no width
    host.append(mark);
    const width = host.clientWidth;
    mark.remove();
    const chart = init(host, null, { renderer: "svg", width: width || undefined });
    const one = { figure, chart, spec, width };
    drawn.push(one);
    paint(one);
    watcher.observe(host);
    chart.on("click", (event) => {
      const url = (event.data as { url?: string } | undefined)?.url;
      if (url) location.assign(url);
    });
  });
}

document.addEventListener("northpost:theme", repaint);
document.addEventListener("htmx:afterSettle", repaint);

// On paper: light, and as wide as a sheet of A4 between its margins.
const SHEET_PX = 660;
let before: string | undefined;
window.addEventListener("beforeprint", () => {
  before = document.documentElement.dataset["theme"];
  document.documentElement.dataset["theme"] = "light";
  for (const one of drawn) {
    one.width = SHEET_PX;
    one.chart.resize({ width: SHEET_PX });
  }
  repaint();
});
window.addEventListener("afterprint", () => {
  if (before) document.documentElement.dataset["theme"] = before;
  else delete document.documentElement.dataset["theme"];
  for (const one of drawn) {
    one.width = one.chart.getDom().clientWidth;
    one.chart.resize({ width: one.width });
  }
  repaint();
});
void document.fonts?.ready.then(repaint);
