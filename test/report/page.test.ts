import { accessSync, constants } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { LostToken } from "../../harness/analysis/worstTokens.ts";
import { makeDrawing, type StudyFigures, studyFigures } from "../../harness/report/figures/reports.ts";
import type { RenderedFigure } from "../../harness/report/figures/svg.ts";
import { renderPage } from "../../harness/report/html/page.ts";
import type { Results } from "../../harness/report/load.ts";
import type { CellTokens } from "../../harness/report/html/tokens.ts";
import { tokenTable } from "../../harness/report/html/tokenTable.ts";
import { lastingTemporaryFolder } from "../support/temporary.ts";
import { fixtureResults, hostileName, hostileResults } from "./fixture.ts";

const drawing = makeDrawing();
const [fixtureFigures, hostileFigures] = [studyFigures(fixtureResults()), studyFigures(hostileResults())];
const drawn = (figures: StudyFigures): Promise<StudyFigures<RenderedFigure>> => drawing.all(figures);
const fixturePage = async (): Promise<string> => renderPage(fixtureResults(), await drawn(fixtureFigures), fixtureTokens());
const hostilePage = async (): Promise<string> => renderPage(hostileResults(), await drawn(hostileFigures), fixtureTokens(hostileName));
const textPage = (results: Results): string => renderPage(results, { thesis: [], others: [] }, []);

/** Tokens of two cells. */
function fixtureTokens(text = "the people"): CellTokens[] {
  const table = tokenTable([lostToken], { text: () => `${text}\n`, show: (id) => ` ${text}${id}` });
  return [{ name: `f16 ${text}`, chosen: false, table }, { name: `q4_0 ${text}`, chosen: true, table }];
}

const lostToken: LostToken = {
  chunk: 2, position: 300, expected: 7, top: 8, referenceTop: 7, nll: 5, referenceNll: 1, loss: 4, probabilityChange: -0.36, kld: 0.5, before: [1, 2], after: [3],
};

describe("report.html", () => {
  it("has the columns that it had from the first, each explained", () => {
    const [, head] = /<thead>([\s\S]*?)<\/thead>/.exec(textPage(fixtureResults()))!;
    const headings = [...head!.matchAll(/<th scope="col"(?: class="number")? title="([^"]+)"><button type="button">([^<]+)</g)].map(([, says, title]) => [title, says]);
    expect(headings.map(([title]) => title)).toEqual(["cell", "quantized bits/weight", "file bits/weight", "perplexity", "KL divergence", "same top token, %", "entropy, bits/code", "weight error, %", "tokens/s", "scheme"]);
    expect(headings[4]![1]).toBe("mean KL divergence from the model&#39;s own predictions; lower is better");
    expect(textPage(fixtureResults())).toContain('data-sort="q4_0-own-r1">q4_0-own-r1</td>');
  });

  it("shows numbers with their errors, to be sorted by the numbers", () => {
    const [row] = /<tr>\s*<td data-sort="q8_0-own-basic-published"[\s\S]*?<\/tr>/.exec(textPage(fixtureResults()))!;
    expect([...row!.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text)).toEqual([
      "q8_0-own-basic-published", "8.50", "7.81", "885.2 ± 11", "17.4 ± 0.44", "90.00", "3.50", "9.80", "1,885", "Q8_0 own basic, published",
    ]);
    expect(row).toContain('data-sort="885.2"');
  });

  it("shows the tokens of a chosen cell, with their spaces", async () => {
    const html = await fixturePage();
    expect(html).toMatch(/<option value="1" selected>q4_0 the people<\/option>/);
    const [list] = /<div class="tokens" data-cell="1">[\s\S]*?<\/div>\s*<\/div>/.exec(html)!;
    expect([...list!.matchAll(/<td[^>]*>([^<]*)<\/td>/g)].map(([, text]) => text)).toEqual([
      "the people⏎", "␣the␣people7", "the people⏎", "␣the␣people7", "␣the␣people8", "4.00", "0.500", "−36.0",
    ]);
    expect(textPage(fixtureResults())).not.toContain("<select");
  });

  it("is the same bytes again", async () => {
    expect(await fixturePage()).toBe(await fixturePage());
  });

  it("answers in three sentences, from the records", async () => {
    const html = textPage(fixtureResults());
    const answer = /class="answer">([\s\S]*?)<\/section>/.exec(html)![1]!;
    expect(answer.match(/<p>/g)).toHaveLength(3);
    expect(answer).toMatch(/compressed further\? Hardly:<\/strong> the codes of q4_0-own-r0 carry 3\.\d\d of 4 bits, which leaves \d\.\d % to/);
    expect(answer).toMatch(/regrouped into 4 bits\? Yes:<\/strong> packed at 4\.50 bits per quantized weight has a mean KL divergence of 0\.000676 ± 0\.000017, 12\.7 % below the 0\.000775 of iq4_nl/);
    expect(answer).toMatch(/891\.1 as published and 16\.16 decoded exactly/);
  });

  it("says what a study did not measure", async () => {
    const results = fixtureResults();
    const html = textPage({ ...results, cells: results.cells.filter(({ cell }) => cell.name === "f16") });
    expect(html).toContain("this study has no Q4_0 cell whose codes were counted");
    expect(html).toContain("this study has no table");
    expect(html).toContain("it cannot say where those came from");
  });

  it("lists a cell that failed, and why", async () => {
    const results = fixtureResults();
    const cells = results.cells.map((result) => (result.cell.name === "q4_1" ? { ...result, record: null, failure: "no <space> left" } : result));
    expect(textPage({ ...results, cells })).toContain("failed: no &lt;space&gt; left");
  });

  it("escapes names from outside", async () => {
    const html = await hostilePage();
    expect(html).not.toContain("<img");
    expect(html.match(/<\/script>/g)).toHaveLength(1);
    expect(html).toContain("&lt;img src=x onerror=");
  });

  it("says how to run it again", async () => {
    expect(textPage(fixtureResults())).toContain("npm run sweep -- --study fixture\nnpm run report -- --results results/fixture");
  });
});

const executable = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"].find((file) => {
  try {
    if (file) accessSync(file, constants.X_OK);
    return Boolean(file);
  } catch {
    return false;
  }
});

describe.skipIf(!executable)(`report.html in Chromium${executable ? "" : ": skipped, there is none; install chromium, or name it in $CHROMIUM"}`, () => {
  let browser: Browser;
  let folder = "";

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executable!,
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    folder = await lastingTemporaryFolder();
    await writeFile(path.join(folder, "report.html"), await fixturePage());
    await writeFile(path.join(folder, "hostile.html"), await hostilePage());
  });
  afterAll(async () => browser?.close());

  async function open(name = "report.html", { width = 1280, colorScheme = "light" }: { width?: number; colorScheme?: "light" | "dark" } = {}): Promise<{ tab: Page; said: string[]; asked: string[] }> {
    const tab = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
    onTestFinished(() => tab.close());
    const [said, asked]: string[][] = [[], []];
    tab.on("console", (message) => said!.push(message.text())).on("pageerror", (error) => said!.push(error.message));
    tab.on("request", (request) => asked!.push(request.url()));
    await tab.goto(pathToFileURL(path.join(folder, name)).href, { waitUntil: "networkidle" });
    return { tab, said: said!, asked: asked! };
  }

  it.each(["report.html", "hostile.html"])("%s loads without a word on the console, and asks for nothing", async (name) => {
    const { tab, said, asked } = await open(name);
    expect(said).toEqual([]);
    expect(asked).toEqual([tab.url()]);
    expect(await tab.title()).toBe(name === "hostile.html" ? hostileName : "A made-up study");
    expect(await tab.locator("figure svg").count()).toBe(16);
  });

  it("sorts by a heading, and back", async () => {
    const { tab } = await open();
    const table = tab.locator("table").first();
    const column = async (index: number): Promise<string[]> => table.locator(`tbody td:nth-child(${index})`).allInnerTexts();
    const heading = table.locator("th", { hasText: "perplexity" });
    const at = await heading.evaluate((element) => [...element.parentElement!.children].indexOf(element) + 1);
    const values = async (): Promise<number[]> => (await column(at)).map((text) => Number.parseFloat(text.replaceAll(",", "")));
    await heading.getByRole("button").click();
    const ascending = await values();
    expect(ascending).toEqual([...ascending].sort((left, right) => left - right));
    expect(await heading.getAttribute("aria-sort")).toBe("ascending");
    await heading.getByRole("button").click();
    expect(await values()).toEqual([...ascending].reverse());
    // Cells without an entropy are last either way.
    const entropy = table.locator("th", { hasText: "entropy" });
    const there = await entropy.evaluate((element) => [...element.parentElement!.children].indexOf(element) + 1);
    for (const _direction of ["up", "down"]) {
      await entropy.getByRole("button").click();
      expect((await column(there)).slice(-3)).toEqual(["", "", ""]);
    }
    await table.locator("th").first().getByRole("button").press("Enter");
    const names = await column(1);
    expect(names).toEqual([...names].sort((left, right) => left.localeCompare(right, "en", { numeric: true })));
  });

  it("shows the tokens of the cell that is chosen", async () => {
    const { tab } = await open();
    const seen = (): Promise<string[]> => tab.locator(".tokens h3:visible").allInnerTexts();
    expect(await seen()).toEqual(["q4_0 the people"]);
    await tab.getByLabel("Cell", { exact: true }).selectOption("f16 the people");
    expect(await seen()).toEqual(["f16 the people"]);
  });

  it.each(["report.html", "hostile.html"])("%s fits a screen of 360 pixels", async (name) => {
    const { tab } = await open(name, { width: 360 });
    await tab.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
    expect(await tab.evaluate("document.documentElement.scrollWidth")).toBe(360);
    const wide = await tab.evaluate("[...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre, svg') && e.getBoundingClientRect().right > 360).map(e => e.outerHTML.slice(0, 80))");
    expect(wide).toEqual([]);
  });

  it.each(["light", "dark"] as const)("passes axe in %s", async (colorScheme) => {
    const { tab } = await open("report.html", { colorScheme });
    await tab.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
    // Through the debugger, as the page lets no foreign script in.
    await tab.evaluate(axe.source);
    const { violations, passes } = (await tab.evaluate("axe.run()")) as AxeResults;
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    expect(passes.map(({ id }) => id)).toContain("color-contrast");
  });

  it("is dark on a dark screen and light on paper", async () => {
    const { tab } = await open("report.html", { colorScheme: "dark" });
    const shades = (): Promise<string[]> => tab.evaluate("[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('svg text')).fill]");
    const dark = await shades();
    expect(dark[0]).toBe("rgb(17, 22, 29)");
    await tab.emulateMedia({ media: "print", colorScheme: "dark" });
    const paper = await shades();
    expect(paper[0]).toBe("rgb(255, 255, 255)");
    expect(paper[1]).not.toBe(dark[1]);
  });
});
