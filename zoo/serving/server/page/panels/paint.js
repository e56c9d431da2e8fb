// Watch a picture grow: of a class, below the rows that are known of one, or larger than a small one.

import { address, stream } from "../api.js";
import { make, many, show } from "../dom.js";
import { encoded, PICTURE } from "../files.js";
import { form } from "../form.js";
import { OPTIONS } from "./write.js";

const WIDE = 320;

const takes = model => model.signatures.start?.inputs ?? {};

const fields = model => {
  const around = "rows" in takes(model);
  const label = around ? `${PICTURE.label}, to go on below its upper rows` : PICTURE.label;
  return [
    { ...PICTURE, label, required: !around },
    ...("label" in takes(model) ? [{ name: "label", label: "class, its name or number", type: "text", value: "0" }] : []),
    ...(around ? [{ name: "rows", label: "rows known of the picture", value: 0, min: 0, step: 1 }] : []),
    ...OPTIONS.filter(one => one.name !== "max_new_tokens"),
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
    let rows = 0;
    try {
      for await (const piece of stream(`${address(model)}:generate`, { ...given, ...image }, signal)) {
        rows = piece.num_rows;
        await drawn(canvas, piece.image_bytes);
        show(facts, `${many(rows, "row")}${piece.finished ? "." : " …"}`);
      }
    } catch (wrong) {
      show(facts, rows ? `${many(rows, "row")}. ${signal.aborted ? "Stopped." : "It broke off."}` : "");
      throw wrong;
    }
  },
});

export default {
  title: "Paint",
  about: "A picture, row by row as it is made.",
  fits: model => "image_bytes" in (model.signatures.write?.outputs ?? {}),
  draw,
};
