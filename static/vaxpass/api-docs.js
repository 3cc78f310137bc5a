// Show the OpenAPI document; what is tried out goes with the session and its CSRF token.
"use strict";

const place = document.getElementById("api-docs");

const ui = SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  oauth2RedirectUrl: new URL(place.dataset.redirect, location.href).href,
  deepLinking: true,
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  requestInterceptor(request) {
    const sameOrigin = new URL(request.url, location.href).origin === location.origin;
    if (sameOrigin && !["GET", "HEAD"].includes(request.method ?? "GET")) {
      request.headers["X-CSRFToken"] = place.dataset.csrfToken;
    }
    return request;
  },
});
ui.initOAuth({ usePkceWithAuthorizationCodeGrant: true });
