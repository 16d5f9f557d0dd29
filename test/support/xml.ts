export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
}

const TOKEN =
  /<\?[^>]*\?>|<!\[CDATA\[[\s\S]*?\]\]>|<(\/?)([\w.-]+)((?:\s+[\w.-]+="[^"<]*")*)\s*(\/?)>|[^<]+/y;

/** Reads a document of elements, attributes and text. @throws Error where it is not well-formed */
export function parseXml(text: string): XmlElement {
  const root: Open = { name: '', attributes: {}, children: [] };
  const open: Open[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 80)}`);
    const [token, closing, name, attributes = '', empty] = match;
    if (name === undefined) {
      if (!token.startsWith('<')) checkEntities(token);
    } else if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes nothing at ${at}`);
    } else {
      const element: Open = { name, attributes: attributesIn(attributes), children: [] };
      open.at(-1)?.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  const [first] = root.children;
  if (open.length !== 1 || first === undefined) throw new Error('an element is not closed');
  return first;
}

interface Open extends XmlElement {
  readonly children: Open[];
}

function attributesIn(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([\w.-]+)="([^"]*)"/g)) {
    if (name === undefined || value === undefined || name in attributes)
      throw new Error(`attributes ${text}`);
    checkEntities(value);
    attributes[name] = value;
  }
  return attributes;
}

function checkEntities(text: string): void {
  const bare = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i.exec(text);
  if (bare !== null) throw new Error(`a bare & in: ${text.slice(0, 80)}`);
}
