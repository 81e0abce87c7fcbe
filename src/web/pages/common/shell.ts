import { coloursChanged } from "./canvas.ts";
import { byId, make } from "./dom.ts";
import { plain } from "./plain.ts";

export { plain };

type Scheme = "light" | "dark";
const KEY = "dsqn-theme";

/** What all pages do: the scheme, and plain words for what goes wrong that nobody foresaw. */
export function startPage(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const shown = (): Scheme =>
    (document.documentElement.dataset.theme as Scheme | undefined) ?? (system.matches ? "dark" : "light");
  const kept = recall();
  if (kept) document.documentElement.dataset.theme = kept;
  const button = byId<HTMLButtonElement>("theme");
  const label = (): void => button.setAttribute("aria-label", shown() === "dark" ? "Light colours" : "Dark colours");
  button.addEventListener("click", () => {
    const wanted = shown() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = wanted;
    remember(wanted);
    label();
    coloursChanged();
  });
  system.addEventListener("change", () => {
    label();
    coloursChanged();
  });
  label();
  addEventListener("error", ({ message }) =>
    notice("fault", `Something on this page failed: ${message.replace(/\.+$/, "")}.`, "Reload the page to begin anew."),
  );
  addEventListener("unhandledrejection", ({ reason }) => {
    const { message, hint } = plain(reason);
    notice("fault", message, hint ?? "Reload the page to begin anew.");
  });
}

/** A remark above the page's content; one of each `kind` at a time. Without a text it is taken away. */
export function notice(kind: string, text?: string, hint?: string, mild = false): void {
  const place = byId("notices");
  place.querySelector(`[data-kind="${kind}"]`)?.remove();
  if (text === undefined) return;
  const box = make("div", { "class": mild ? "notice mild" : "notice", "data-kind": kind }, make("p", {}, text));
  if (hint !== undefined) box.append(make("p", {}, hint));
  place.append(box);
}

// A page in a frame, or a browser told to keep nothing, may not store: then the choice lasts as long as the page.
function recall(): Scheme | undefined {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : undefined;
  } catch {
    return undefined;
  }
}

function remember(scheme: Scheme): void {
  try {
    localStorage.setItem(KEY, scheme);
  } catch {}
}
