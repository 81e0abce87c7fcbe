/**
 * The few parts of a DOM that Observable Plot draws through: elements, attributes, text, inline style. A browser's DOM in
 * Node would be forty times the size of what is needed to write SVG down.
 */
const SVG = "http://www.w3.org/2000/svg";

/** Coordinates in files need no more than hundredths of a pixel. Labels are left alone. */
const PROSE = new Set(["aria-label", "class", "id", "href"]);

export class SvgElement {
  readonly nodeType = 1;
  readonly namespaceURI = SVG;
  readonly tagName: string;
  readonly ownerDocument: SvgDocument;
  readonly childNodes: (SvgElement | SvgText)[] = [];
  readonly style = new InlineStyle();
  parentNode: SvgElement | null = null;
  private readonly attributes = new Map<string, string>();

  constructor(tagName: string, ownerDocument: SvgDocument) {
    this.tagName = tagName;
    this.ownerDocument = ownerDocument;
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }

  setAttributeNS(_namespace: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  appendChild<T extends SvgElement | SvgText>(child: T): T {
    return this.insertBefore(child, null);
  }

  insertBefore<T extends SvgElement | SvgText>(child: T, next: SvgElement | SvgText | null): T {
    child.parentNode?.removeChild(child);
    const at = next ? this.childNodes.indexOf(next) : -1;
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, child);
    child.parentNode = this;
    return child;
  }

  removeChild<T extends SvgElement | SvgText>(child: T): T {
    this.childNodes.splice(this.childNodes.indexOf(child), 1);
    child.parentNode = null;
    return child;
  }

  set textContent(text: string) {
    this.childNodes.splice(0, this.childNodes.length);
    this.appendChild(new SvgText(text));
  }

  get textContent(): string {
    return this.childNodes.map((child) => child.textContent).join("");
  }

  toString(): string {
    const style = this.style.toString();
    const attributes = [...this.attributes, ...(style ? [["style", style] as const] : [])]
      .map(([name, value]) => ` ${name}="${escapeXml(PROSE.has(name) ? value : shortNumbers(value))}"`)
      .join("");
    const inside = this.childNodes.join("");
    return inside ? `<${this.tagName}${attributes}>${inside}</${this.tagName}>` : `<${this.tagName}${attributes}/>`;
  }
}

export class SvgText {
  readonly nodeType = 3;
  readonly textContent: string;
  parentNode: SvgElement | null = null;

  constructor(text: unknown) {
    this.textContent = String(text);
  }

  toString(): string {
    return escapeXml(this.textContent);
  }
}

class InlineStyle {
  private readonly properties = new Map<string, string>();

  setProperty(name: string, value: unknown): void {
    this.properties.set(name, String(value));
  }

  removeProperty(name: string): void {
    this.properties.delete(name);
  }

  getPropertyValue(name: string): string {
    return this.properties.get(name) ?? "";
  }

  toString(): string {
    return [...this.properties].map(([name, value]) => `${name}:${value}`).join(";");
  }
}

export class SvgDocument {
  readonly documentElement: SvgElement = new SvgElement("svg", this);

  createElement(name: string): SvgElement {
    return new SvgElement(name, this);
  }

  createElementNS(_namespace: string, name: string): SvgElement {
    return new SvgElement(name, this);
  }

  createTextNode(text: unknown): SvgText {
    return new SvgText(text);
  }
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function shortNumbers(value: string): string {
  return value.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => String(Math.round(Number(number) * 100) / 100));
}
