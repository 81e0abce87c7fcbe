import { byId, make } from "./dom.ts";
import { notice } from "./shell.ts";

/** A file that was dropped or chosen. */
export interface Given {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** No model or replay that a page can hold is larger. */
const LARGEST = 256 * 2 ** 20;

/**
 * Makes `#drop` take files, dropped or chosen (`#choose`, `#file`). Those too large for a page's memory are refused in words; the others
 * are read and given on together.
 */
export function takeFiles(take: (files: readonly Given[]) => Promise<void>): void {
  const area = byId("drop");
  const input = byId<HTMLInputElement>("file");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    void read([...(input.files ?? [])], take).then(() => (input.value = ""));
  });
  const over = (event: DragEvent): void => {
    event.preventDefault();
    area.classList.add("over");
  };
  area.addEventListener("dragenter", over);
  area.addEventListener("dragover", over);
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    area.classList.remove("over");
    void filesIn(event.dataTransfer).then((files) => read(files, take));
  });
  // A file dropped beside the area would replace the page.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
}

/** What was dropped; of a folder the files in it. */
async function filesIn(dropped: DataTransfer | null): Promise<File[]> {
  // Both lists are empty as soon as this turn ends.
  const files = [...(dropped?.files ?? [])];
  const folders = [...(dropped?.items ?? [])]
    .map((item) => item.webkitGetAsEntry?.() ?? null)
    .filter((entry) => entry?.isDirectory);
  const inside = await Promise.all(folders.map((folder) => filesOf(folder as FileSystemDirectoryEntry)));
  const names = new Set(folders.map((folder) => folder!.name));
  return [...files.filter(({ name }) => !names.has(name)), ...inside.flat()];
}

async function filesOf(folder: FileSystemDirectoryEntry): Promise<File[]> {
  const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
    folder.createReader().readEntries(resolve, reject),
  );
  const files = entries.filter((entry): entry is FileSystemFileEntry => entry.isFile);
  return Promise.all(files.map((file) => new Promise<File>((resolve, reject) => file.file(resolve, reject))));
}

async function read(files: readonly File[], take: (files: readonly Given[]) => Promise<void>): Promise<void> {
  notice("file");
  const given: Given[] = [];
  for (const file of files) {
    if (file.size > LARGEST) {
      const size = `${Math.round(file.size / 2 ** 20)} MB`;
      notice(
        "file",
        `${file.name} is too large for this page: ${size}, and it takes 256 MB.`,
        "In Node, dsqn takes it: dsqn certify, dsqn convert.",
      );
      continue;
    }
    try {
      given.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    } catch (error) {
      notice("file", `${file.name} could not be read: ${(error as Error).message}`);
    }
  }
  if (given.length > 0) await take(given);
}

/** A file of this page's own folder. */
export async function fetchBytes(name: string): Promise<Uint8Array> {
  const response = await fetch(name).catch(() => null);
  if (!response?.ok)
    throw new Error(
      `${name} could not be loaded${response ? ` (${response.status})` : ""}: is the page's folder complete?`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

/** Shows what was taken, in `#files`. */
export function listFiles(
  files: readonly { readonly name: string; readonly what: string; readonly bad?: boolean }[],
): void {
  byId("files").replaceChildren(
    ...files.map(({ name, what, bad }) =>
      make("li", bad ? { class: "bad" } : {}, make("strong", {}, name), ` ${what}`),
    ),
  );
}
