/** htmx under a strict content security policy, with the CSRF header, a line that shows waiting, and errors told. */
import htmx from "htmx.org";
import { toast } from "./islands/toasts.ts";
import { word } from "./words.ts";

htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // nothing of a customer stays in the browser's store
htmx.config.refreshOnHistoryMiss = true;
htmx.config.scrollBehavior = "auto";
htmx.config.responseHandling = [
  { code: "204", swap: false },
  { code: "[23]..", swap: true },
  { code: "422", swap: true }, // a form with its errors
  { code: "[45]..", swap: false, error: true },
];

type RequestEvent = CustomEvent<{ headers: Record<string, string>; verb: string }>;

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector<HTMLMetaElement>("meta[name=csrf-token]")?.content;
  if (token) (event as RequestEvent).detail.headers["X-CSRFToken"] = token;
});

type ResponseEvent = CustomEvent<{ xhr: XMLHttpRequest }>;

document.addEventListener("htmx:responseError", (event) => {
  const status = (event as ResponseEvent).detail.xhr.status;
  if (status === 403) toast(word("forbidden"), "bad");
  else if (status === 404) toast(word("gone"), "bad");
  else toast(word("server_error"), "bad");
});
document.addEventListener("htmx:sendError", () => toast(word("offline"), "bad"));
document.addEventListener("htmx:timeout", () => toast(word("offline"), "bad"));

let running = 0;
let timer = 0;
const busy = (): Element | null => document.querySelector(".busy");

/** Polling and live counts say data-quiet: they don't draw the line that shows waiting. */
function isQuiet(event: Event): boolean {
  return event.target instanceof Element && event.target.closest("[data-quiet]") !== null;
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isQuiet(event)) return;
  running += 1;
  if (running === 1) timer = window.setTimeout(() => busy()?.classList.add("on"), 180);
});
document.addEventListener("htmx:afterRequest", (event) => {
  if (isQuiet(event)) return;
  running = Math.max(0, running - 1);
  if (running === 0) {
    window.clearTimeout(timer);
    busy()?.classList.remove("on");
  }
});

/** After a swap, the focus goes where the answer says (data-focus); a form with errors puts it on the first wrong field. */
document.addEventListener("htmx:afterSettle", (event) => {
  const root = event.target instanceof Element ? event.target : document.body;
  const goal = root.querySelector<HTMLElement>("[data-focus]") ?? root.querySelector<HTMLElement>("form[data-errors] [aria-invalid=true]");
  goal?.focus();
});
