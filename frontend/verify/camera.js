// Scanning with the camera.
import { frameLoop, QRCanvas, rearCamera } from "qr/dom.js";

// Calls `found` with the first code in sight and stops; returns a function that stops before.
export async function scan(video, found) {
  const camera = await rearCamera(video);
  const canvas = new QRCanvas();
  let isReading = false;
  let isOver = false;
  const stop = () => {
    isOver = true;
    cancel();
    camera.stop();
  };
  const look = async () => {
    if (isReading || isOver) return;
    isReading = true;
    try {
      const text = await camera.readFrame(canvas, true);
      if (isOver || typeof text !== "string" || !text) return;
      stop();
      found(text);
    } finally {
      isReading = false;
    }
  };
  const cancel = frameLoop(look, video);
  return stop;
}
