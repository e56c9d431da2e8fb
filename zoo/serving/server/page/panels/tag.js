// Which class every token of a text belongs to.

import { has, predict } from "../api.js";
import { make, percent, show } from "../dom.js";
import { form } from "../form.js";
import { map } from "../map.js";

const draw = model => {
  const looked = map(model);
  return make("div", {}, form(
    [{ name: "text", label: "Text", long: true }],
    {
      Tag: async ({ text }, answer, signal) => {
        looked.hide();
        const [found] = await predict(model, "tag", [text], signal);
        show(answer, ...found.tokens.flatMap((token, place) => token ? [make("span",
          { className: "tagged", title: percent(found.probabilities[place]) },
          token, make("small", {}, found.labels[place]))] : []));
        await looked.read(text, signal);
      },
    },
  ), looked.element);
};

export default {
  title: "Tag",
  about: "Which class every token belongs to.",
  fits: has("tag"),
  draw,
};
