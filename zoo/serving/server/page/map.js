// What the tokens of a text looked at: a map of one head, and the text, tinted by it.

import { has } from "./api.js";
import { make, percent, show } from "./dom.js";
import { Heads } from "./heads.js";

const NAMED = 48;  // so many tokens are named beside the map
const WIDE = 560;
const LETTER = 7;

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const isSpecial = token => /^\[\w+\]$/.test(token);
const called = token => JSON.stringify(token.trim() || token).slice(1, -1);

// A word for each place, and numbers: rows look at columns.
class Table {
  constructor({ tokens, weights, seen }) {
    Object.assign(this, { tokens, weights, seen, size: tokens.length });
    this.most = Math.max(1e-9, ...weights.map(row => Math.max(...row)));
  }

  // What each token was given: by one, or by all in the mean.
  given(row) {
    if (row !== null) return this.weights[row];
    return this.tokens.map((_, key) => this.weights.reduce((sum, one) => sum + one[key], 0) / this.size);
  }

  shareSeen() {
    const count = this.seen.reduce((sum, row) => sum + row.filter(Boolean).length, 0);
    return count / this.size ** 2;
  }
}

// Small weights are told apart better by their roots.
const strength = (weight, most) => Math.sqrt(Math.min(1, weight / most));

const mixed = (from, to, share) => from.map((one, place) => Math.round(one + (to[place] - one) * share));
const rgb = text => [1, 3, 5].map(at => parseInt(text.slice(at, at + 2), 16));

// White to blue to deep blue, as in the pictures of `zoo explain`; grey is hidden.
const pixels = table => {
  const [cell, middle, deep, hidden] = ["--cell", "--blue", "--deep", "--hidden"].map(name => rgb(colour(name)));
  const image = new ImageData(table.size, table.size);
  table.weights.forEach((row, query) => row.forEach((weight, key) => {
    const share = strength(weight, table.most);
    const [from, to, along] = share < 0.6 ? [cell, middle, share / 0.6] : [middle, deep, (share - 0.6) / 0.4];
    const found = table.seen[query][key] ? mixed(from, to, along) : hidden;
    image.data.set([...found, 255], 4 * (query * table.size + key));
  }));
  return image;
};

class Picture {
  constructor() {
    this.canvas = make("canvas", { tabIndex: 0, role: "img" });
  }

  draw(table, at) {
    const { canvas } = this;
    const named = table.size <= NAMED;
    const longest = Math.max(...table.tokens.map(token => called(token).length));
    this.margin = named ? Math.min(96, LETTER * longest + 10) : 0;
    this.cell = Math.min(20, (WIDE - this.margin) / table.size);
    const side = this.margin + this.cell * table.size;
    const fine = Math.max(2, devicePixelRatio);
    canvas.width = canvas.height = Math.round(side * fine);
    canvas.style.width = `${side}px`;
    const pen = canvas.getContext("2d");
    pen.scale(fine, fine);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.whole(table), this.margin, this.margin, side - this.margin, side - this.margin);
    if (named) this.name(pen, table, at);
    if (at) this.frame(pen, at, side);
  }

  // A pixel a pair, made once for each table.
  whole(table) {
    if (this.of !== table) {
      this.small = new OffscreenCanvas(table.size, table.size);
      this.small.getContext("2d").putImageData(pixels(table), 0, 0);
      this.of = table;
    }
    return this.small;
  }

  name(pen, table, at) {
    pen.font = `${Math.min(12, this.cell * 0.8)}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    table.tokens.forEach((token, place) => {
      const middle = this.margin + (place + 0.5) * this.cell;
      const room = this.margin - 8;
      pen.fillStyle = colour(at?.query === place ? "--ink" : "--quiet");
      pen.textAlign = "right";
      pen.fillText(called(token), this.margin - 5, middle, room);
      pen.save();
      pen.translate(middle, this.margin - 5);
      pen.rotate(-Math.PI / 2);
      pen.fillStyle = colour(at?.key === place ? "--ink" : "--quiet");
      pen.textAlign = "left";
      pen.fillText(called(token), 0, 0, room);
      pen.restore();
    });
  }

  frame(pen, { query, key }, side) {
    pen.strokeStyle = "#d94801";
    pen.lineWidth = 1.5;
    const top = this.margin + query * this.cell;
    pen.strokeRect(this.margin, top, side - this.margin, this.cell);
    if (key !== null) pen.strokeRect(this.margin + key * this.cell, top, this.cell, this.cell);
  }

  // The cell below a pointer; null beside the cells.
  at(event, size) {
    const scale = this.canvas.width / Math.max(2, devicePixelRatio) / this.canvas.clientWidth;
    const place = offset => Math.floor((offset * scale - this.margin) / this.cell);
    const [key, query] = [place(event.offsetX), place(event.offsetY)];
    return [key, query].every(one => one >= 0 && one < size) ? { query, key } : null;
  }
}

class Looked {
  constructor(model) {
    this.model = model;
    this.heads = new Heads(() => this.ask());
    this.all = make("button", { type: "button", className: "plain" }, "All tokens");
    this.picture = new Picture();
    this.line = make("div", { className: "tokens" });
    this.said = make("p", { className: "facts said", ariaLive: "polite" });
    this.error = make("p", { className: "error", role: "alert" });
    const legend = [["looked-at", "looked at"], ["seen", "seen"], ["hidden", "hidden by the pattern"]];
    this.body = make("div", {},
      make("div", { className: "both" },
        make("div", {}, this.picture.canvas, make("p", { className: "facts" }, "Rows look at columns.",
          ...legend.map(([name, text]) => make("span", { className: `legend ${name}` }, text)))),
        make("div", {}, this.line, this.said)));
    this.element = make("div", { className: "looked", hidden: true },
      make("div", { className: "row" }, make("h3", {}, "What its tokens looked at"),
        make("div", { className: "row" }, ...this.heads.elements, this.all)), this.error, this.body);
    this.listen();
  }

  listen() {
    const { canvas } = this.picture;
    const move = at => { this.row = at.query; this.point(at); };
    this.all.addEventListener("click", () => { this.row = null; this.point(null); });
    canvas.addEventListener("pointermove", event => this.point(this.picture.at(event, this.table.size)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("click", event => {
      const at = this.picture.at(event, this.table.size);
      if (at) move(at);
    });
    canvas.addEventListener("keydown", event => {
      const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [0, 0];
      if (!right && !down) return;
      event.preventDefault();
      const inside = place => Math.min(this.table.size - 1, Math.max(0, place));
      const { query, key } = this.pointed ?? { query: this.row ?? 0, key: 0 };
      move({ query: inside(query + down), key: inside(key + right) });
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.picture.of = null;
      if (this.table) this.point(null);
    });
  }

  hide() {
    this.element.hidden = true;
  }

  // Shows what is looked at in a text, where the model can tell it.
  async read(text, signal) {
    if (!has("attend")(this.model)) return;
    this.text = text;
    this.row = null;
    await this.ask(signal);
  }

  async ask(signal) {
    show(this.error);
    try {
      const found = await this.heads.ask(this.model, { text: this.text }, signal);
      if (!found) return;
      this.table = new Table(found);
      this.body.hidden = false;
      this.element.hidden = false;
      this.point(null);
    } catch (wrong) {
      if (wrong.name === "AbortError") return;
      this.body.hidden = true;
      this.element.hidden = false;
      show(this.error, wrong.message);
    }
  }

  // Draws the map and the text as one token sees it: the one pointed at, or else the one chosen.
  point(at) {
    this.pointed = at;
    const row = at?.query ?? this.row;
    this.picture.draw(this.table, row === null ? null : { query: row, key: at?.key ?? null });
    this.tint(row);
    this.all.disabled = this.row === null;
    show(this.said, at ? this.cell(at) : this.about(row));
    this.picture.canvas.ariaLabel = `A map of what ${this.table.size} tokens looked at.`;
  }

  cell({ query, key }) {
    const { tokens, weights, seen } = this.table;
    const both = `“${called(tokens[query])}” (${query})`;
    const other = `“${called(tokens[key])}” (${key})`;
    return seen[query][key] ? `${both} gives ${percent(weights[query][key])} to ${other}.` : `${other} is hidden from ${both}.`;
  }

  about(row) {
    const { tokens } = this.table;
    const who = row === null ? "all tokens in the mean" : `“${called(tokens[row])}” (${row})`;
    const share = percent(this.table.shareSeen());
    return `Tinted: what ${who} looked at. ${share} of all pairs can be seen. Choose a token to see what it looked at.`;
  }

  tint(row) {
    const given = this.table.given(row);
    // What stands around a text is often looked at for want of anything else: it is no measure.
    const most = Math.max(1e-9, ...given.filter((_, place) => !isSpecial(this.table.tokens[place])));
    if (this.line.of !== this.table) this.write();
    [...this.line.children].forEach((one, place) => {
      const share = Math.min(1, given[place] / most);
      one.style.background = `rgba(${colour("--tint")}, ${share.toFixed(3)})`;
      one.classList.toggle("strong", share > 0.6);
      one.classList.toggle("at", place === row);
      one.title = percent(given[place]);
      one.ariaPressed = String(place === this.row);
    });
  }

  write() {
    this.line.of = this.table;
    show(this.line, ...this.table.tokens.flatMap((token, place) => {
      const [, space, text] = token.match(/^(\s*)([^]*)$/);
      const one = make("button", { type: "button", className: isSpecial(token) ? "token special" : "token" }, text || "␣");
      one.addEventListener("click", () => { this.row = this.row === place ? null : place; this.point(null); });
      return [space, one];
    }));
  }
}

export const map = model => new Looked(model);
