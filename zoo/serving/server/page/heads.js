// Which layer is shown, and which of its heads: two lists to choose from.

import { predict } from "./api.js";
import { make, show } from "./dom.js";

const MEAN = -1;

export class Heads {
  constructor(changed) {
    this.layer = make("select", { ariaLabel: "layer" });
    this.head = make("select", { ariaLabel: "head" });
    this.elements = [this.layer, this.head];
    this.layer.addEventListener("change", () => { this.fill(); changed(); });
    this.head.addEventListener("change", changed);
  }

  get chosen() {
    return { layer: Number(this.layer.value || 0), head: Number(this.head.value || MEAN) };
  }

  // What the signature `attend` tells of an input, by the layer and head that are chosen; null where
  // something else was asked meanwhile.
  async ask(model, given, signal) {
    const turn = this.turn = (this.turn ?? 0) + 1;
    const [found] = await predict(model, "attend", [{ ...given, ...this.chosen }], signal);
    if (turn !== this.turn) return null;
    this.offer(found.num_heads);
    return found;
  }

  // How many heads each layer has.
  offer(numHeads) {
    if (this.layer.options.length) return;
    this.numHeads = numHeads;
    show(this.layer, ...numHeads.map((_, place) => new Option(`layer ${place}`, place)));
    this.fill();
  }

  fill() {
    const before = this.head.value;
    const all = [...Array(this.numHeads[this.layer.value || 0]).keys()];
    show(this.head, new Option("mean of all heads", MEAN), ...all.map(place => new Option(`head ${place}`, place)));
    this.head.value = before !== "" && before < all.length ? before : MEAN;
  }
}
