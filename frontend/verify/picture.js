// The QR codes in a picture.
import { decodeQRBatch } from "qr/decode.js";

const SIDES = [1600, 900, 2400]; // longer sides at which a picture is looked at, in pixels
const PATIENCE = 2000; // milliseconds for one look

export async function read(file) {
  const bitmap = await createImageBitmap(file);
  try {
    for (const side of SIDES) {
      const found = await codesIn(pixels(bitmap, side));
      if (found.length) return found;
    }
    return [];
  } finally {
    bitmap.close();
  }
}

function pixels(bitmap, side) {
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // what is transparent counts as paper
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

async function codesIn(image) {
  const [results] = await decodeQRBatch([image], { timeLimit: PATIENCE });
  return [...new Set(results.filter((result) => typeof result === "string"))];
}
