// Which class a text belongs to, and what its tokens looked at.

import { predict } from "../api.js";
import { bars, make, show } from "../dom.js";
import { form } from "../form.js";
import { map } from "../map.js";

const draw = model => {
  const looked = map(model);
  return make("div", {}, form(
    [{ name: "text", label: "Text", long: true }],
    {
      Classify: async ({ text }, answer, signal) => {
        looked.hide();
        const [found] = await predict(model, "classify", [text], signal);
        show(answer, bars(found.labels, found.probabilities));
        await looked.read(text, signal);
      },
    },
  ), looked.element);
};

export default {
  title: "Classify",
  about: "Which class a text belongs to, and what its tokens looked at.",
  fits: model => "text" in (model.signatures.classify?.inputs ?? {}),
  draw,
};
