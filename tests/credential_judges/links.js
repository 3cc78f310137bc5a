// SMART Health Links, opened as a viewer would.
"use strict";

const { Directory, SHLViewer } = require("kill-the-clipboard");

module.exports = {
  // A link, asked for at `server` instead of `site`; answers what it says of itself, and its cards.
  async "shl.resolve"({ link, site, server, issuer, keys, ...asked }) {
    const issuerDirectory = Directory.fromJSON({ issuerInfo: [{ issuer: { iss: issuer }, keys }] });
    const asks = (url, options) => fetch(url.replace(site, server), options);
    const viewer = new SHLViewer({ shlinkURI: link, fetch: asks });
    const found = await viewer.resolveSHL({ ...asked, shcReaderConfig: { issuerDirectory } });
    const bundles = await Promise.all(found.smartHealthCards.map((card) => card.asBundle()));
    const { requiresPasscode, isLongTerm, isDirectFile, label, exp } = viewer.shl;
    return { bundles, requiresPasscode, isLongTerm, isDirectFile, label, exp };
  },
};
