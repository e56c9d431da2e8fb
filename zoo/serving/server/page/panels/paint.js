// Watch a picture grow: of a class or a caption, below the rows that are known of one, or larger than a small one.

import { address, stream } from "../api.js";
import { make, many, show } from "../dom.js";
import { encoded, PICTURE } from "../files.js";
import { form } from "../form.js";
import { OPTIONS } from "./write.js";

const WIDE = 320;

const takes = model => ({ ...model.signatures.write?.inputs, ...model.signatures.start?.inputs });

const TURNS = [
  { name: "num_turns", label: "turns", value: 12, min: 1, max: 128, step: 1 },
  { name: "choice_temperature", label: "luck in what is written anew", value: 4.5, min: 0, max: 1000 },
];

const fields = model => {
  const around = "rows" in takes(model);
  const label = around ? `${PICTURE.label}, to go on below its upper rows` : PICTURE.label;
  return [
    { ...PICTURE, label, required: !around },
    ...("caption" in takes(model) ? [{ name: "caption", label: "caption, what is to be seen", type: "text", value: "red heart" }] : []),
    ...("label" in takes(model) ? [{ name: "label", label: "class, its name or number", type: "text", value: "0" }] : []),
    ...(around ? [{ name: "rows", label: "rows known of the picture", value: 0, min: 0, step: 1 }] : []),
    ...[...OPTIONS, ...TURNS].filter(one => one.name in takes(model)),
  ];
};

// A PNG as base64 says it, every place of it a square.
const drawn = async (canvas, { b64 }) => {
  const bytes = Uint8Array.from(atob(b64), one => one.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const [wide, high] = [WIDE, Math.round(WIDE * picture.height / picture.width)];
  if (canvas.width !== wide || canvas.height !== high) Object.assign(canvas, { width: wide, height: high });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.clearRect(0, 0, wide, high);
  pen.drawImage(picture, 0, 0, wide, high);
};

const draw = model => form(fields(model), {
  Paint: async ({ image: file, ...given }, answer, signal) => {
    const canvas = make("canvas", { role: "img", ariaLabel: "The picture as it is made." });
    const facts = make("p", { className: "facts" });
    show(answer, canvas, facts);
    const image = file ? { image: await encoded(file) } : {};
    let [number, part] = [0, "row"];
    try {
      for await (const piece of stream(`${address(model)}:generate`, { ...given, ...image }, signal)) {
        [number, part] = piece.num_turns ? [piece.num_turns, "turn"] : [piece.num_rows, "row"];
        await drawn(canvas, piece.image_bytes);
        show(facts, `${many(number, part)}${piece.finished ? "." : " …"}`);
      }
    } catch (wrong) {
      show(facts, number ? `${many(number, part)}. ${signal.aborted ? "Stopped." : "It broke off."}` : "");
      throw wrong;
    }
  },
});

export default {
  title: "Paint",
  about: "A picture as it is made, row by row or in a few turns.",
  fits: model => "image_bytes" in (model.signatures.write?.outputs ?? {}),
  draw,
};
