/** Short notes at the edge. The server says them as Django messages, or with `HX-Trigger: {"toast": {"text", "kind"}}`. */
import { word } from "../words.ts";

export type Kind = "good" | "info" | "doubt" | "bad";
const SYMBOL: Record<Kind, string> = { good: "done", info: "info", doubt: "warning", bad: "error" };

function shelf(): HTMLElement {
  const found = document.querySelector<HTMLElement>(".toasts");
  if (found) return found;
  const made = document.createElement("div");
  made.className = "toasts";
  made.setAttribute("role", "status");
  document.body.append(made);
  return made;
}

function sprite(): string {
  return document.querySelector<HTMLMetaElement>("meta[name=icons]")?.content ?? "";
}

export function iconElement(noun: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite()}#${noun}`);
  svg.append(use);
  return svg;
}

export function toast(text: string, kind: Kind = "info"): void {
  const note = document.createElement("div");
  note.className = `toast ${kind}`;
  const body = document.createElement("p");
  body.textContent = text;
  const shut = document.createElement("button");
  shut.type = "button";
  shut.setAttribute("aria-label", word("close"));
  shut.append(iconElement("close"));
  note.append(iconElement(SYMBOL[kind]), body, shut);
  shelf().append(note);
  settle(note);
}

/** Good news leaves after a while; bad news stays until it is put away. */
function settle(note: HTMLElement): void {
  note.querySelector("button")?.addEventListener("click", () => note.remove());
  if (!note.classList.contains("bad") && !note.classList.contains("doubt")) {
    window.setTimeout(() => {
      if (!note.matches(":hover, :focus-within")) note.remove();
      else note.addEventListener("mouseleave", () => note.remove(), { once: true });
    }, 6000);
  }
}

export function startToasts(): void {
  document.querySelectorAll<HTMLElement>(".toasts .toast").forEach(settle);
  document.addEventListener("toast", (event) => {
    const { text, kind } = (event as CustomEvent<{ text: string; kind?: Kind }>).detail;
    toast(text, kind ?? "info");
  });
}
