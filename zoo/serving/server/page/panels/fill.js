// What stands where a text says [MASK].

import { has, predict } from "../api.js";
import { bars, make, show } from "../dom.js";
import { form } from "../form.js";

const draw = model => form(
  [{ name: "text", label: "Text with [MASK] in it", long: true, value: "The capital of France is [MASK]." }],
  {
    Fill: async ({ text }, answer, signal) => {
      const [found] = await predict(model, "fill", [text], signal);
      show(answer, ...found.tokens.map((tokens, place) => make("div", {},
        make("h3", {}, `mask ${place + 1}`), bars(tokens, found.probabilities[place]))));
    },
  },
);

export default {
  title: "Fill",
  about: "What the model holds likely where a text says [MASK].",
  fits: has("fill"),
  draw,
};
