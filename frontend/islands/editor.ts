/**
 * <textarea data-code="mjml"> becomes a code editor for MJML with Liquid. The textarea stays the truth: it is written on
 * every change and told by a `change` event, so forms and htmx need not know of the editor. data-error-line marks a line;
 * `northpost:code-error` on the textarea with detail {line, text} (line 0: none) does so later.
 * Tab indents; Escape, then Tab leaves the editor.
 */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { html } from "@codemirror/lang-html";
import { liquid } from "@codemirror/lang-liquid";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, openSearchPanel, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--ink)", fontSize: "var(--size-small)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-1px" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "1.55", minHeight: "24rem" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-faint)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sunken) 60%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft) !important" },
  ".cm-panels": { backgroundColor: "var(--sunken)", color: "var(--ink)" },
  // The library's own marks are pictures at data: addresses, which the pages' policy refuses.
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)" },
  ".cm-lint-marker-error": { content: "normal", background: "var(--bad)", borderRadius: "50%", transform: "scale(0.7)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.tagName, tags.angleBracket], color: "var(--accent)" },
  { tag: tags.attributeName, color: "var(--chart-extra-1)" },
  { tag: [tags.attributeValue, tags.string], color: "var(--good)" },
  { tag: [tags.keyword, tags.controlKeyword, tags.brace, tags.operator], color: "var(--chart-loss)" },
  { tag: [tags.variableName, tags.propertyName], color: "var(--chart-extra-2)" },
  { tag: [tags.number, tags.bool], color: "var(--chart-target)" },
  { tag: tags.comment, color: "var(--ink-faint)", fontStyle: "italic" },
]);

export function wake(root: ParentNode): void {
  root.querySelectorAll<HTMLTextAreaElement>("textarea[data-code]:not([data-woken])").forEach(replace);
}

function replace(field: HTMLTextAreaElement): void {
  field.dataset["woken"] = "";
  const host = document.createElement("div");
  host.className = "code-editor";
  field.before(host);
  field.hidden = true;
  const label = field.labels?.[0]?.textContent?.trim() || field.getAttribute("aria-label") || field.name;
  const view = new EditorView({
    parent: host,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        keymap.of([...defaultKeymap, ...historyKeymap, ...searchKeymap, { key: "Mod-f", run: openSearchPanel }, indentWithTab]),
        liquid({ base: html({ matchClosingTags: false }) }),
        syntaxHighlighting(colours),
        look,
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ tabindex: "0", ...(label ? { "aria-label": label } : {}) }),
        EditorState.readOnly.of(field.readOnly),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          field.value = update.state.doc.toString();
          field.dispatchEvent(new Event("change", { bubbles: true }));
        }),
      ],
    }),
  });
  field.labels?.[0]?.addEventListener("click", () => view.focus());
  field.addEventListener("northpost:code-error", (event) => {
    const { line, text } = (event as CustomEvent<{ line: number; text: string }>).detail;
    markLine(view, line, text);
  });
  field.addEventListener("northpost:code-set", (event) => {
    const text = (event as CustomEvent<string>).detail;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
  });
  const line = Number(field.dataset["errorLine"] ?? 0);
  if (line) markLine(view, line, field.dataset["error"] ?? "");
}

function markLine(view: EditorView, line: number, text: string): void {
  const marks: Diagnostic[] = [];
  if (line >= 1 && line <= view.state.doc.lines) {
    const place = view.state.doc.line(line);
    marks.push({ from: place.from, to: place.to, severity: "error", message: text });
  }
  view.dispatch(setDiagnostics(view.state, marks));
  if (marks[0]) view.dispatch({ effects: EditorView.scrollIntoView(marks[0].from, { y: "center" }) });
}

/** A swapped fragment may say <span data-code-error-line="12" data-code-error="..." data-for="id-of-textarea">. */
function readMarks(): void {
  document.querySelectorAll<HTMLElement>("[data-code-error-line]:not([data-read])").forEach((mark) => {
    mark.dataset["read"] = "";
    const field = document.getElementById(mark.dataset["for"] ?? "");
    const detail = { line: Number(mark.dataset["codeErrorLine"] ?? 0), text: mark.dataset["codeError"] ?? "" };
    field?.dispatchEvent(new CustomEvent("northpost:code-error", { detail }));
  });
}
document.addEventListener("htmx:afterSettle", readMarks);
