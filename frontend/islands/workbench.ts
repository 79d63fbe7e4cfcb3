/**
 * A template's editor: <form data-workbench> with a frame named "view" and a button [data-shows] that posts the form into it.
 * Each time the server has found that the mail can be shown ([data-showable] in what it answers), it is shown anew: in a
 * second frame that takes the first one's place once it is there, so that nothing flickers and Back is not filled with it.
 */
const WORDS = new Set(["subject", "preheader", "mjml", "text"]);

export function startWorkbench(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-workbench]");
  if (!form) return;
  keepFromLosing(form);
  form.addEventListener("htmx:afterSettle", (event) => {
    if (event.target instanceof Element && event.target.querySelector("[data-showable]")) show(form);
  });
}

let shown = 0;

function show(form: HTMLFormElement): void {
  const button = form.querySelector<HTMLButtonElement>("button[data-shows]");
  const old = form.querySelector<HTMLIFrameElement>(".view iframe:not([hidden])");
  if (!button || !old) return;
  form.querySelectorAll(".view iframe[hidden]").forEach((late) => late.remove());
  const fresh = old.cloneNode() as HTMLIFrameElement;
  // A name of its own: a browser goes on finding the first frame under the name that it was loaded with.
  shown += 1;
  fresh.name = `view-${shown}`;
  button.formTarget = fresh.name;
  fresh.hidden = true;
  old.after(fresh);
  fresh.addEventListener("load", () => {
    fresh.hidden = false;
    old.remove();
  });
  form.requestSubmit(button);
}

/** Whoever leaves the page with words that are not saved is asked first. */
function keepFromLosing(form: HTMLFormElement): void {
  let dirty = form.hasAttribute("data-dirty");
  const note = (event: Event): void => {
    const field = event.target;
    if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && WORDS.has(field.name)) dirty = true;
  };
  form.addEventListener("input", note);
  form.addEventListener("change", note);
  form.addEventListener("submit", (event) => {
    const target = event.submitter instanceof HTMLButtonElement ? event.submitter.formTarget : "";
    if (!target) dirty = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
}
