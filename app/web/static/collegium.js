// The pages work without this file. It adds: the token to htmx, the copy button, this computer's time zone,
// the sentence that a page which refreshes itself could not be reached, and focus on a form's errors.
"use strict";
(function () {
  var token = document.querySelector('meta[name="csrf"]');

  function reveal(root) {
    root.querySelectorAll("[data-with-script]").forEach(function (part) { part.hidden = false; });
  }

  function rememberZone() {
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) {
      document.cookie = "collegium-zone=" + encodeURIComponent(zone) + "; path=/; SameSite=Lax; max-age=31536000";
    }
  }

  function say(text) {
    var live = document.getElementById("said");
    if (live) { live.textContent = text; }
  }

  function stale(shown) {
    var note = document.getElementById("stale");
    if (note) { note.hidden = !shown; }
  }

  document.addEventListener("htmx:configRequest", function (event) {
    if (token) { event.detail.headers["X-CSRF-Token"] = token.content; }
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    event.detail.target.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    event.detail.target.removeAttribute("aria-busy");
    if (event.detail.successful) { heard = Date.now(); }
    stale(!event.detail.successful);
  });
  // A hub that takes requests and answers none ends no request, and a computer that slept began none.
  setInterval(function () {
    var refreshes = document.querySelector('[hx-trigger^="every"]');
    if (refreshes && Date.now() - heard > 20000) { stale(true); }
  }, 2000);
  document.addEventListener("htmx:beforeSwap", function (event) {
    var open = event.detail.target.querySelectorAll("details[open][id]");
    kept = Array.prototype.map.call(open, function (fold) { return fold.id; });
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    kept.forEach(function (id) {
      var fold = document.getElementById(id);
      if (fold) { fold.open = true; }
    });
    kept = [];
    reveal(document);
    var milestone = document.querySelector("[data-milestone]");
    if (milestone && milestone.dataset.milestone !== told) {
      told = milestone.dataset.milestone;
      say(milestone.dataset.says);
    }
  });
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var source = document.getElementById(button.dataset.copy);
    navigator.clipboard.writeText(source.textContent.trim()).then(function () {
      button.textContent = button.dataset.done;
      say(button.dataset.done);
    });
  });

  var kept = [];
  var heard = Date.now();
  var first = document.querySelector("[data-milestone]");
  var told = first ? first.dataset.milestone : "";
  rememberZone();
  reveal(document);
  var errors = document.querySelector(".errors");
  if (errors) { errors.focus(); }
})();
