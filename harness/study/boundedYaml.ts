import { Composer, type CST, type Document, Lexer, type LineCounter, Parser } from "yaml";

/** What no study or table comes near: nested lists and maps, words and signs, values when aliases are followed. */
const most = { depth: 100, tokens: 500_000, values: 500_000 };

/** Something wrong in YAML, and at which character. */
export class YamlFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Reads YAML as the package's `parseDocument` does, but stops at the first fault and at limits: that recurses into what is nested, which
 * ends all of Node.js where it is nested deeply, and compares each key of a map with all others.
 *
 * @throws YamlFault
 */
export function readYaml(text: string, counter: LineCounter): { document: Document; value: unknown } {
  // Each error that the composer notes would look through the stack.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    let only: Document | undefined;
    for (const document of new Composer({ prettyErrors: false, uniqueKeys: false }).compose(boundedTokens(text, counter), true, text.length)) {
      const [error] = document.errors;
      if (error) throw new YamlFault(error.message, error.pos[0]);
      if (only) throw new YamlFault("there are several documents in it, where one is wanted", document.range[0]);
      only = document;
    }
    const value: unknown = only!.toJS({ maxAliasCount: 100 });
    refuseMany(value);
    return { document: only!, value };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function boundedTokens(text: string, counter: LineCounter): CST.Token[] {
  const parser = new Parser(counter.addNewLine);
  const all: CST.Token[] = [];
  const take = (token: CST.Token): void => {
    if (token.type === "error") throw new YamlFault(token.message, token.offset);
    all.push(token);
  };
  counter.addNewLine(0);
  let words = 0;
  let offset = 0;
  for (const word of new Lexer().lex(text)) {
    for (const token of parser.next(word)) take(token);
    if (parser.stack.length > most.depth) throw new YamlFault(`lists and maps are nested more than ${most.depth} deep`, offset);
    if (++words > most.tokens) throw new YamlFault(`more than ${most.tokens} words and signs`, offset);
    offset += word.length;
  }
  for (const token of parser.end()) take(token);
  return all;
}

/** Refuses a value that is part of itself, or too large once its aliases are followed. */
function refuseMany(value: unknown): void {
  const above = new Set<unknown>();
  let count = 0;
  const visit = (one: unknown): void => {
    if (++count > most.values) throw new YamlFault(`aliases make more than ${most.values} values of it`, 0);
    if (typeof one !== "object" || one === null) return;
    if (above.has(one)) throw new YamlFault("an alias stands within what it stands for", 0);
    above.add(one);
    Object.values(one).forEach(visit);
    above.delete(one);
  };
  visit(value);
}
