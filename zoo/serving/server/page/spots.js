// A picture as a model sees it, in the light of what its places looked at.

import { has } from "./api.js";
import { make, percent, show } from "./dom.js";
import { readable } from "./files.js";
import { Heads } from "./heads.js";

const WIDE = 420;
const SHADE = [8, 16, 32];
const DARKEST = 0.8;  // above what is not looked at

// The largest part in the middle of a picture that has a shape: all that a model sees of it.
const middle = ({ width, height }, share) => {
  const [wide, high] = width / height > share ? [height * share, height] : [width, width / share];
  return [(width - wide) / 2, (height - high) / 2, wide, high];
};

// What each place of a grid was given: by one, or by all in the mean. Tokens that are no places
// stand before them.
class Table {
  constructor({ weights, height, width }) {
    Object.assign(this, { weights, height, width });
    this.first = weights.length - height * width;
  }

  given(place) {
    const rows = place === null ? this.weights : [this.weights[this.first + place]];
    const sum = key => rows.reduce((total, row) => total + row[this.first + key], 0);
    return Array.from({ length: this.height * this.width }, (_, key) => sum(key) / rows.length);
  }
}

class Spots {
  constructor(model) {
    this.model = model;
    this.heads = new Heads(() => this.ask());
    this.all = make("button", { type: "button", className: "plain" }, "All places");
    this.canvas = make("canvas", { tabIndex: 0, role: "img" });
    this.said = make("p", { className: "facts said", ariaLive: "polite" });
    this.error = make("p", { className: "error", role: "alert" });
    this.choice = make("div", { className: "row", hidden: true }, make("h3", {}, "What its places looked at"),
      make("div", { className: "row" }, ...this.heads.elements, this.all));
    this.element = make("div", { className: "looked", hidden: true }, this.choice, this.error, this.canvas, this.said);
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", event => this.point(this.at(event)));
    canvas.addEventListener("pointerleave", () => this.point(null));
    canvas.addEventListener("click", event => { this.place = this.at(event); this.point(this.place); });
    this.all.addEventListener("click", () => { this.place = null; this.point(null); });
    canvas.addEventListener("keydown", event => {
      const { height, width } = this.table ?? {};
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: width, ArrowUp: -width }[event.key];
      if (!step) return;
      event.preventDefault();
      this.place = Math.min(height * width - 1, Math.max(0, (this.place ?? 0) + step));
      this.point(this.place);
    });
  }

  // Shows a file. Raises an error for one that is no picture.
  async open(file) {
    this.element.hidden = true;
    this.table = null;
    this.place = null;
    this.choice.hidden = true;
    show(this.error);
    show(this.said);
    this.picture = await readable(file);
    this.element.hidden = false;
    this.draw();
  }

  // Lights the picture, where the model can tell what it looked at.
  async read(image, signal) {
    if (!has("attend")(this.model)) return;
    this.image = image;
    await this.ask(signal);
  }

  async ask(signal) {
    show(this.error);
    try {
      const found = await this.heads.ask(this.model, { image: this.image }, signal);
      if (!found) return;
      this.table = new Table(found);
      this.choice.hidden = false;
      if (this.place >= found.height * found.width) this.place = null;
      this.point(null);
    } catch (wrong) {
      if (wrong.name !== "AbortError") show(this.error, wrong.message);
    }
  }

  point(at) {
    if (!this.table) return;
    const place = at ?? this.place;
    const given = this.table.given(place);
    this.draw(given, place);
    this.all.disabled = this.place === null;
    const { width, height } = this.table;
    const most = given.indexOf(Math.max(...given));
    const where = one => `row ${Math.floor(one / width)}, column ${one % width}`;
    const who = place === null ? "All places in the mean" : `The place at ${where(place)}`;
    show(this.said, `${who} looked most at ${where(most)} of ${height} × ${width}: ${percent(given[most])}. Choose a place to see what it looked at.`);
  }

  // The picture, darker where less was given.
  draw(given, place = null) {
    const { width = 1, height = 1 } = this.table ?? {};
    const fine = Math.max(2, devicePixelRatio);
    const high = WIDE * height / width;
    Object.assign(this.canvas, { width: WIDE * fine, height: high * fine, ariaLabel: "The picture as the model sees it." });
    this.canvas.style.width = `${WIDE}px`;
    const pen = this.canvas.getContext("2d");
    pen.scale(fine, fine);
    pen.drawImage(this.picture, ...middle(this.picture, width / height), 0, 0, WIDE, high);
    if (!given) return;
    const [wide, tall] = [WIDE / width, high / height];
    const most = Math.max(1e-9, ...given);
    given.forEach((share, at) => {
      pen.fillStyle = `rgba(${SHADE}, ${(DARKEST * (1 - share / most)).toFixed(3)})`;
      pen.fillRect(at % width * wide, Math.floor(at / width) * tall, wide, tall);
    });
    if (place === null) return;
    pen.strokeStyle = "#d94801";
    pen.lineWidth = 2;
    pen.strokeRect(place % width * wide, Math.floor(place / width) * tall, wide, tall);
  }

  // The place below a pointer.
  at(event) {
    if (!this.table) return null;
    const { width, height } = this.table;
    const inside = (offset, size, number) => Math.min(number - 1, Math.max(0, Math.floor(offset / size * number)));
    return inside(event.offsetY, this.canvas.clientHeight, height) * width + inside(event.offsetX, this.canvas.clientWidth, width);
  }
}

export const spots = model => new Spots(model);
