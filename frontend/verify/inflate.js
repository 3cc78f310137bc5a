// Bounded decompression; the browser itself refuses streams that are cut off or go on after the end.
import { Malformed } from "./malformed.js";

const SLICE = 1024; // bytes at a time, so that little more than the bound is ever inflated

export async function inflate(bytes, format, most, what) {
  const inflated = slices(bytes).pipeThrough(new DecompressionStream(format)).getReader();
  const parts = [];
  let size = 0;
  for (;;) {
    const { done, value } = await next(inflated, what);
    if (done) break;
    size += value.length;
    if (size > most) {
      await inflated.cancel();
      throw new Malformed(`${what}: its compressed stream holds too much`);
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function slices(bytes) {
  let at = 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (at >= bytes.length) {
          controller.close();
        } else {
          controller.enqueue(bytes.subarray(at, at + SLICE));
          at += SLICE;
        }
      },
    },
    { highWaterMark: 0 },
  );
}

async function next(reader, what) {
  try {
    return await reader.read();
  } catch {
    throw new Malformed(`${what}: no whole compressed stream, or bytes after it`);
  }
}
