// What is in a picture, and where: boxes above it, those that the model is sure enough of.

import { has, predict } from "../api.js";
import { bars, make, show } from "../dom.js";
import { encoded, PICTURE, readable } from "../files.js";
import { form } from "../form.js";

const WIDE = 560;
const COLOURS = ["#d94801", "#2171b5", "#238b45", "#6a51a3", "#b8860b", "#c51b8a"];

const outline = (pen, [left, top, right, bottom], text, colour, [wide, high]) => {
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.strokeRect(left * wide, top * high, (right - left) * wide, (bottom - top) * high);
  pen.font = "600 13px system-ui, sans-serif";
  const [room, above] = [pen.measureText(text).width + 8, Math.max(0, top * high - 18)];
  pen.fillRect(left * wide, above, room, 18);
  pen.fillStyle = "#ffffff";
  pen.fillText(text, left * wide + 4, above + 13);
};

const boxed = (picture, sure) => {
  const canvas = make("canvas", { role: "img", ariaLabel: `A picture with ${sure.length} boxes.` });
  const fine = Math.max(2, devicePixelRatio);
  const size = [WIDE, WIDE * picture.height / picture.width];
  [canvas.width, canvas.height] = size.map(one => Math.round(one * fine));
  canvas.style.width = `${WIDE}px`;
  const pen = canvas.getContext("2d");
  pen.scale(fine, fine);
  pen.drawImage(picture, 0, 0, ...size);
  const kinds = [...new Set(sure.map(one => one.label))];
  for (const { label, score, box } of sure) {
    const colour = COLOURS[kinds.indexOf(label) % COLOURS.length];
    outline(pen, box, `${label} ${(100 * score).toFixed(0)} %`, colour, size);
  }
  return canvas;
};

const draw = model => form(
  [PICTURE, { name: "least", label: "as sure as", value: 0.5, min: 0, max: 1, step: 0.05, required: true }],
  {
    Find: async ({ image: file, least }, answer, signal) => {
      const picture = await readable(file);
      const [found] = await predict(model, "detect", [await encoded(file)], signal);
      const all = found.labels.map((label, place) => ({ label, score: found.scores[place], box: found.boxes[place] }));
      const sure = all.filter(one => one.score >= least);
      const said = sure.length ? bars(sure.map(one => one.label), sure.map(one => one.score)) : make("p", {}, "Nothing that it is sure of.");
      show(answer, boxed(picture, sure), said);
    },
  },
);

export default {
  title: "Find",
  about: "What is in a picture, and where.",
  fits: has("detect"),
  draw,
};
