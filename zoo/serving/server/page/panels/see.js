// Which class a picture belongs to, and what its places looked at.

import { predict } from "../api.js";
import { bars, make, show } from "../dom.js";
import { encoded, PICTURE } from "../files.js";
import { form } from "../form.js";
import { spots } from "../spots.js";

const draw = model => {
  const seen = spots(model);
  return make("div", {}, form(
    [PICTURE],
    {
      Look: async ({ image: file }, answer, signal) => {
        await seen.open(file);
        const image = await encoded(file);
        const [found] = await predict(model, "classify", [image], signal);
        show(answer, bars(found.labels, found.probabilities));
        await seen.read(image, signal);
      },
    },
  ), seen.element);
};

export default {
  title: "Look",
  about: "Which class a picture belongs to, and what its places looked at.",
  fits: model => "image" in (model.signatures.classify?.inputs ?? {}),
  draw,
};
