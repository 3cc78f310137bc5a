// The Scan button of the search: the camera types the code it sees and sends the form.
// What reads codes is fetched only once somebody scans.
const form = document.querySelector("[data-scan]");
const part = (name) => form.querySelector(`[data-part="${name}"]`);
let stop = null;

if (form && window.isSecureContext && navigator.mediaDevices?.getUserMedia) {
  part("scan").hidden = false;
  part("scan").addEventListener("click", () => (stop ? close() : open()));
}

async function open() {
  part("no-camera").hidden = true;
  part("viewer").hidden = false;
  stop = () => {};
  try {
    const { scan } = await import(form.dataset.scan);
    stop = await scan(part("video"), (text) => {
      close();
      form.elements.namedItem("name").value = text;
      form.submit();
    });
  } catch {
    close();
    part("no-camera").hidden = false;
  }
}

function close() {
  stop?.();
  stop = null;
  part("viewer").hidden = true;
}
