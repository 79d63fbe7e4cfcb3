/** What every page loads. Heavy islands (charts, code editor) come in chunks of their own, when a page has one. */
import "@fontsource-variable/inter/wght.css";
import "./styles/tabler.scss";
import "./styles/main.css";

import "./htmx.ts";
import { startCopy } from "./islands/copy.ts";
import { startDialogs } from "./islands/dialogs.ts";
import { startDrops } from "./islands/drop.ts";
import { startMenus } from "./islands/menus.ts";
import { startPalette } from "./islands/palette.ts";
import { startTheme } from "./islands/theme.ts";
import { startToasts } from "./islands/toasts.ts";
import { startWorkbench } from "./islands/workbench.ts";

startTheme();
startMenus();
startDialogs();
startPalette();
startToasts();
startCopy();
startDrops();
startWorkbench();

/** Bring to life what needs a chunk of its own, in `root`; called for the page and after each swap by htmx. */
async function wake(root: ParentNode): Promise<void> {
  const work: Promise<void>[] = [];
  if (root.querySelector("[data-chart]:not([data-drawn])")) {
    work.push(import("./islands/charts.ts").then((charts) => charts.draw(root)));
  }
  if (root.querySelector("textarea[data-code]:not([data-woken])")) {
    work.push(import("./islands/editor.ts").then((editor) => editor.wake(root)));
  }
  await Promise.all(work);
}

void wake(document);
document.addEventListener("htmx:afterSettle", () => void wake(document));
