import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { chmod, lstat, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWritable, readBytes, writeAtomically, writeFileAtomic, writeWhole } from "../../src/files/atomic.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-atomic-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const writers: [string, (path: string, data: string) => Promise<void>][] = [
  ["asynchronous", writeFileAtomic],

  ["synchronous", async (path, data) => writeAtomically(path, data)],
];

describe.each(writers)("atomic writing, %s", (name, write) => {
  it("leaves the old file and no rubbish when it fails", async () => {
    const path = join(folder, name, "file.txt");
    await write(path, "old");
    await expect(write(join(path, "below-a-file"), "x")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    await expect(write(path, 5 as unknown as string)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(join(folder, name))).toEqual(["file.txt"]);
  });

  it("never shows a reader a part of a file", async () => {
    const path = join(folder, `${name}-race.txt`);
    const contents = ["a", "b"].map((letter) => letter.repeat(300_000));
    await write(path, contents[0]);
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await write(path, contents[i % 2]);
    })();
    for (let i = 0; i < 100; i++) expect(contents).toContain(await readFile(path, "utf8"));
    await writing;
  });

  it("writes into a pipe, and through a link, and leaves both what they are", async () => {
    const [pipe, link, file] = ["pipe", "link", "linked"].map((part) => join(folder, `${name}-${part}`));
    execFileSync("mkfifo", [pipe]);
    const reading = execa("cat", [pipe]);
    await write(pipe, "through");
    expect((await reading).stdout).toBe("through");
    expect((await lstat(pipe)).isFIFO()).toBe(true);
    await write(file, "old");
    await symlink(file, link);
    await write(link, "new");
    expect([(await lstat(link)).isSymbolicLink(), await readFile(file, "utf8")]).toEqual([true, "new"]);
  });

  (process.getuid?.() === 0 ? it.skip : it)(
    "says where it may not write (skipped as root, who may write anywhere)",
    async () => {
      const locked = await mkdtemp(join(folder, "locked-"));
      await chmod(locked, 0o500);
      await expect(write(join(locked, "x"), "x")).rejects.toMatchObject({
        code: "FILE_UNWRITABLE",
        hint: expect.stringContaining("--out"),
      });
    },
  );
});

describe("files that grow, or change in place", () => {
  it("hold all that was written, at the end or where it was said", async () => {
    const path = join(folder, "grows.bin");
    const file = openWritable(path, "w+");
    for (const text of ["abc", "defg"]) writeWhole(file, Buffer.from(text), path);
    writeWhole(file, Buffer.from("XY"), path, 2);
    closeSync(file);
    expect(await readFile(path, "utf8")).toBe("abXYefg");
  });

  (process.platform === "linux" ? it : it.skip)("say that the disk is full (skipped but on Linux: /dev/full)", () => {
    const file = openWritable("/dev/full", "w");
    expect(() => writeWhole(file, Buffer.from("x"), "/dev/full")).toThrow(
      expect.objectContaining({ code: "FILE_UNWRITABLE", hint: expect.stringContaining("The disk is full") }),
    );
    closeSync(file);
  });

  it("say where they can't be", () => {
    expect(() => openWritable(folder, "a")).toThrow(
      expect.objectContaining({ code: "FILE_UNWRITABLE", message: expect.stringContaining(folder) }),
    );
  });
});

describe("reading", () => {
  it("refuses what is no regular file, which may have no end", async () => {
    const pipe = join(folder, "endless");
    execFileSync("mkfifo", [pipe]);
    for (const path of [pipe, "/dev/zero"])
      await expect(readBytes(path)).rejects.toMatchObject({
        code: "FILE_UNREADABLE",
        message: expect.stringContaining("no regular file"),
      });
    await expect(readBytes(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
    await expect(readBytes(join(folder, "none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  });
});
