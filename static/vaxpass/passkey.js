// Say on the page when a passkey was refused, cancelled or not found; allauth only raises an event.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const main = document.getElementById("main");
  main.querySelector("[data-passkey-failed]")?.remove();
  const notice = document.getElementById("passkey-failed").content.firstElementChild.cloneNode(true);
  notice.dataset.passkeyFailed = "";
  main.prepend(notice);
});
