// Which class a picture belongs to, and what its places looked at.

import { predict } from "../api.js";
import { bars, make, show } from "../dom.js";
import { form } from "../form.js";
import { spots } from "../spots.js";

const KINDS = "image/png,image/jpeg,image/gif,image/bmp";

const encoded = file => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ b64: reader.result.split(",")[1] ?? "" });
  reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
  reader.readAsDataURL(file);
});

const draw = model => {
  const seen = spots(model);
  return make("div", {}, form(
    [{ name: "image", label: "A picture: PNG, JPEG, GIF or BMP. Choose a file, or drop one here", type: "file", accept: KINDS }],
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
