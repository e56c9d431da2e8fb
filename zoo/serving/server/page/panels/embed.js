// Texts as vectors, and how near two of them are.

import { has, predict } from "../api.js";
import { numbers, show } from "../dom.js";
import { form } from "../form.js";

const dot = (a, b) => a.reduce((sum, x, place) => sum + x * b[place], 0);
const size = a => Math.sqrt(dot(a, a));

const draw = model => form(
  [
    { name: "text", label: "Text", long: true, rows: 2 },
    { name: "other", label: "Another, to compare it with", long: true, rows: 2 },
  ],
  {
    Embed: async ({ text, other }, answer, signal) => {
      const [first, second] = await predict(model, "embed", [text, other], signal);
      show(answer, numbers([
        ["numbers in each vector", first.length.toLocaleString("en")],
        ["length of the first", size(first).toFixed(2)],
        ["cosine of both", (dot(first, second) / (size(first) * size(second))).toFixed(3)],
      ]));
    },
  },
);

export default {
  title: "Embed",
  about: "A text as a vector; texts that are alike point the same way.",
  fits: has("embed"),
  draw,
};
