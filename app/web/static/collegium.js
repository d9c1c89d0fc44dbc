// The pages work without this file. It adds: the token to htmx, the copy button, this computer's time zone,
// the sentence that a page which refreshes itself could not be reached, the doorbell of a live page, and focus on a
// form's errors.
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

  // The doorbell of a live page. Polling goes on beneath: while the stream says that it hears, a poll is let through
  // only when the page would be 30 seconds old; when the stream falls silent, every one is again.
  var QUIET_MS = 26000, MANY_MS = 400, AGAIN_MS = 60000;
  var stream = null, hears = false, looked = Date.now(), next = 0;

  function live() { return document.querySelector("#live[data-bell]"); }

  function look() {
    clearTimeout(next);
    next = setTimeout(function () {
      var part = live();
      if (part) { htmx.trigger(part, "ring"); }
    }, Math.max(0, looked + MANY_MS - Date.now()));
  }

  function hangUp() {
    if (stream) { stream.close(); }
    stream = null;
    hears = false;
  }

  function listen() {
    var part = live();
    if (!part || document.hidden || !window.EventSource) { hangUp(); return; }
    if (stream) { return; }
    var mine = stream = new EventSource(part.dataset.bell);
    mine.addEventListener("up", function () { hears = true; look(); });
    mine.addEventListener("down", function () { hears = false; });
    mine.addEventListener("ring", look);
    mine.addEventListener("end", hangUp);
    mine.addEventListener("error", function () {
      hears = false;
      if (mine !== stream || mine.readyState !== EventSource.CLOSED) { return; }
      hangUp();
      setTimeout(listen, AGAIN_MS);
    });
  }

  function tooSoon(detail) {
    var polled = detail.elt === live() && !detail.requestConfig.triggeringEvent;
    return polled && hears && Date.now() - looked < QUIET_MS;
  }

  document.addEventListener("visibilitychange", function () {
    if (!document.hidden && live()) { look(); }
    listen();
  });
  document.addEventListener("htmx:configRequest", function (event) {
    if (token) { event.detail.headers["X-CSRF-Token"] = token.content; }
  });
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (tooSoon(event.detail)) { event.preventDefault(); return; }
    looked = Date.now();
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
    listen();
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
  listen();
  var errors = document.querySelector(".errors");
  if (errors) { errors.focus(); }
})();
