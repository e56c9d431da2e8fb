// Files that a person chooses from their own disk, or drops.

const KINDS = "image/png,image/jpeg,image/gif,image/bmp";
const LABEL = "A picture: PNG, JPEG, GIF or BMP. Choose a file, or drop one here";

export const PICTURE = { name: "image", label: LABEL, type: "file", accept: KINDS };

export const MUSIC = {
  name: "midi",
  label: "A MIDI file to go on from. Choose one, drop it here, or begin with nothing",
  type: "file",
  accept: ".mid,.midi,audio/midi",
  required: false,
};

// As a request has it.
export const encoded = file => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ b64: reader.result.split(",")[1] ?? "" });
  reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
  reader.readAsDataURL(file);
});

// As a model takes it: what a file says of rotation is not read.
export const readable = async file => {
  try {
    return await createImageBitmap(file, { imageOrientation: "none" });
  } catch {
    throw new Error(`${file.name} is no picture that this browser can read.`);
  }
};
