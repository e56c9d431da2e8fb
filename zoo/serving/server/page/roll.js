// Notes of a MIDI file as the server writes it, where a tick is a millisecond, and a picture of them.

import { make, many } from "./dom.js";

const [WIDE, HIGH] = [720, 220];
const SECOND = 40;  // at the least so wide is a second, and longer pieces are scrolled

const track = (view, at, end, voice) => {
  const [found, sounding] = [[], new Map()];
  let [tick, status] = [0, 0];
  const number = () => {
    for (let value = 0; ;) {
      const byte = view.getUint8(at++);
      value = (value << 7) | (byte & 127);
      if (byte < 128) return value;
    }
  };
  while (at < end) {
    tick += number();
    if (view.getUint8(at) > 127) status = view.getUint8(at++);
    if (status === 255) {
      at += 1;
      const size = number();  // which moves on, too
      at += size;
      continue;
    }
    const pitch = view.getUint8(at++);
    if (status >> 4 === 12) continue;
    const velocity = view.getUint8(at++);
    if (status >> 4 === 9 && velocity) sounding.set(pitch, { start: tick / 1000, pitch, velocity, voice });
    else if (sounding.has(pitch)) {
      found.push({ ...sounding.get(pitch), end: tick / 1000 });
      sounding.delete(pitch);
    }
  }
  return found;
};

export const notes = bytes => {
  const view = new DataView(bytes.buffer);
  const found = [];
  for (let [at, voice] = [14, 0]; at < bytes.length; voice += 1) {
    const end = at + 8 + view.getUint32(at + 4);
    found.push(...track(view, at + 8, end, voice));
    at = end;
  }
  return found;
};

// What was there before a second is grey; of voices each is a little lighter than the last.
export const roll = (all, began) => {
  const last = Math.max(1, began, ...all.map(one => one.end));
  const low = Math.min(60, ...all.map(one => one.pitch)) - 1;
  const high = Math.max(72, ...all.map(one => one.pitch)) + 2;
  const size = [Math.min(30_000, Math.max(WIDE, SECOND * last)), HIGH];
  const said = `${many(all.length, "note")} in ${last.toFixed(1)} seconds.`;
  const canvas = make("canvas", { role: "img", ariaLabel: said });
  [canvas.width, canvas.height] = size;
  const pen = canvas.getContext("2d");
  const [x, y] = [time => size[0] * time / last, pitch => HIGH * (high - pitch) / (high - low)];
  const ink = getComputedStyle(document.documentElement);
  pen.fillStyle = ink.getPropertyValue("--line");
  for (let pitch = 12 * Math.ceil(low / 12); pitch <= high; pitch += 12) pen.fillRect(0, y(pitch), size[0], 1);
  pen.fillRect(x(began), 0, 2, HIGH);
  for (const { start, end, pitch, velocity, voice } of all) {
    pen.globalAlpha = (0.4 + 0.6 * velocity / 127) * 0.85 ** voice;
    pen.fillStyle = ink.getPropertyValue(start < began ? "--quiet" : "--blue");
    pen.fillRect(x(start), y(pitch + 1) + 1, Math.max(1, x(end) - x(start) - 1), Math.max(2, y(0) - y(1) - 1));
  }
  return make("div", { className: "roll" }, canvas);
};
