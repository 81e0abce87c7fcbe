import { describe, expect, it } from "@jest/globals";
import { html, raw } from "../../src/report/html/html.ts";
import { renderPage } from "../../src/report/html/page.ts";
import { section, table } from "../../src/report/html/parts.ts";
import { renderCartPoleReport } from "../../src/report/cartpole/page.ts";
import { sampleReport } from "./sample.ts";

describe("markup", () => {
  it("escapes what is put in, and leaves markup alone", () => {
    expect(
      html`<p title="${'"<&>'}">${"<script>"}${raw("<b>bold</b>")}${[html`<i>${"&"}</i>`, null, false, 0]}</p>`.text,
    ).toBe('<p title="&quot;&lt;&amp;&gt;">&lt;script&gt;<b>bold</b><i>&amp;</i>0</p>');
  });

  it("escapes names from outside wherever a page shows them", () => {
    const evil = "<img src=x onerror=alert(1)>";
    const rows = table(evil, [{ heading: evil, cell: (row: string) => row }], [evil]);
    expect(renderPage({ title: evil, lead: evil, sections: [section("a", evil, rows)], footer: evil })).not.toContain(
      evil,
    );
  });
});

describe("the report of a CartPole run", () => {
  const page = renderCartPoleReport(sampleReport());

  it("is one file below 2 MB that loads nothing", () => {
    expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
    expect(page).not.toMatch(/https?:\/\/|@import|<link(?![^>]*data:)|<iframe|src="(?!data:)|url\((?!#)/);
    expect(page).toContain("default-src 'none'");
  });

  it("names everything for readers who don't see it", () => {
    for (const [svg] of page.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/aria-label="[^"]{20,}"/);
    for (const [img] of page.matchAll(/<img[^>]*>/g)) expect(img).toMatch(/alt="[^"]+"/);
    for (const [, content] of page.matchAll(/<table>(.*?)<\/table>/gs))
      expect(content).toMatch(/^\s*<caption>\s*[^<\s]/);
    expect(page).toMatch(/<html lang="en">/);
    const headings = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(headings[0]).toBe(1);
    headings.slice(1).forEach((level) => expect(level).toBe(2));
  });

  it("uses each id once, and refers only to ids that exist", () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, id] of page.matchAll(/aria-labelledby="([^"]+)"/g)) expect(ids).toContain(id);
  });

  it("respects the reader's scheme, paper, and wish for less motion", () => {
    for (const query of ["(prefers-color-scheme:dark)", "(prefers-reduced-motion:reduce)", "@media print"])
      expect(page).toContain(query);
  });

  it("says so when a run did not pass, and never that all spikes agree", () => {
    const failed = renderCartPoleReport(sampleReport({ passed: false, mismatches: 3 }));
    expect(failed).toContain("missed its targets");
    expect(failed).toContain("below 475");
    expect(failed).not.toContain("fall in the same time bin");
    expect(failed).not.toContain("confirmed spike for spike");
  });
});
