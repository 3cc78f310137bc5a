// What the browser keeps (IndexedDB): one row each for the device, who works with it and the
// shift, and one row for each dose that waits. A change is on the disk when it is done.
const NAME = "vaxpass-offline";
const DEVICE = "device";
const WAITING = "waiting";

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(DEVICE, { keyPath: "name" });
      request.result.createObjectStore(WAITING, { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function read(store, ask) {
  const request = ask((await database()).transaction(store).objectStore(store));
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function write(store, change) {
  const transaction = (await database()).transaction(store, "readwrite", { durability: "strict" });
  change(transaction.objectStore(store));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Return one of the rows "id", "session", "shift" and "left", if it is there. */
export const recall = (name) => read(DEVICE, (rows) => rows.get(name));

/** Keep rows, and drop others by name, all at once. */
export function keep(rows, dropped = []) {
  return write(DEVICE, (store) => {
    rows.forEach((row) => store.put(row));
    dropped.forEach((name) => store.delete(name));
  });
}

/** Return the doses that wait, oldest first: everybody's. */
export async function waiting() {
  const rows = await read(WAITING, (store) => store.getAll());
  return rows.sort((one, other) => one.order - other.order);
}

/** Keep waiting doses and drop one by its key, all at once. */
export function queue(rows, dropped = null) {
  return write(WAITING, (store) => {
    rows.forEach((row) => store.put(row));
    if (dropped) store.delete(dropped);
  });
}
