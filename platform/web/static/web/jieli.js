/* Everything works without this file. It adds: keyboard, submit once, closing of revealed data, live totals. */
(function () {
  "use strict";
  var doc = document, root = doc.documentElement;
  root.classList.add("has-js");
  var all = function (selector, within) { return Array.prototype.slice.call((within || doc).querySelectorAll(selector)); };

  /* Money is counted in whole fen, so that no sum drifts. */
  function fen(text) {
    var m = /^\s*[¥￥]?\s*(\d[\d,，]*)(?:\.(\d{0,2}))?\s*$/.exec(String(text == null ? "" : text));
    return m ? Number(m[1].replace(/[,，]/g, "")) * 100 + Number(((m[2] || "") + "00").slice(0, 2)) : null;
  }
  function yuan(value) {
    var whole = String(Math.floor(value / 100)).replace(/\B(?=(\d{3})+$)/g, ",");
    return "¥" + whole + "." + ("0" + (value % 100)).slice(-2);
  }

  /* data-key="J" or "Shift+Y" on a link, button or field; never while somebody is typing. */
  doc.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (doc.querySelector("dialog[open]")) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) || event.target.isContentEditable) return;
    if (!/^[a-z]$/i.test(event.key)) return;
    var key = (event.shiftKey ? "Shift+" : "") + event.key.toUpperCase();
    var target = all("[data-key]").filter(function (el) {
      return el.getAttribute("data-key") === key && el.getClientRects().length && !el.disabled && el.getAttribute("aria-disabled") !== "true";
    })[0];
    if (!target) return;
    event.preventDefault();
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) target.focus(); else target.click();
  });

  /* A form is sent once. The button that was pressed keeps its name and value. */
  doc.addEventListener("submit", function (event) {
    var form = event.target;
    if ((form.getAttribute("method") || "get").toLowerCase() !== "post" || form.hasAttribute("data-many")) return;
    if (form.hasAttribute("data-sent")) { event.preventDefault(); return; }
    setTimeout(function () {
      if (event.defaultPrevented) return;
      form.setAttribute("data-sent", "");
      all("button, input[type=submit]", form).forEach(function (el) { el.setAttribute("aria-disabled", "true"); });
    }, 0);
  });
  window.addEventListener("pageshow", function (event) {
    if (!event.persisted) return;
    all("form[data-sent]").forEach(function (form) {
      form.removeAttribute("data-sent");
      all("[aria-disabled]", form).forEach(function (el) { el.removeAttribute("aria-disabled"); });
    });
    all("[data-seconds]").forEach(close);
  });

  /* Revealed values go back to their masked form after data-seconds, and when the page is left. */
  function close(box) {
    all("[data-masked]", box).forEach(function (el) {
      el.textContent = el.getAttribute("data-masked");
      el.classList.remove("is-revealed");
    });
    all("[data-on-close]", box).forEach(function (el) { el.hidden = el.getAttribute("data-on-close") === "hide"; });
    box.removeAttribute("data-seconds");
  }
  function start(box) {
    if (box.hasAttribute("data-started")) return;
    box.setAttribute("data-started", "");
    var left = Number(box.getAttribute("data-seconds")), end = Date.now() + left * 1000;
    var timer = setInterval(function () {
      var seconds = Math.ceil((end - Date.now()) / 1000);
      all("[data-left]", box).forEach(function (el) {
        el.textContent = Math.floor(Math.max(seconds, 0) / 60) + ":" + ("0" + (Math.max(seconds, 0) % 60)).slice(-2);
      });
      if (seconds <= 0) { clearInterval(timer); close(box); }
    }, 500);
  }
  window.addEventListener("pagehide", function () { all("[data-seconds]").forEach(close); });

  /* <a href="/page" data-dialog="id">: the dialog if there is one, else the page. [data-close] closes. */
  doc.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-dialog]");
    var dialog = opener && doc.getElementById(opener.getAttribute("data-dialog"));
    if (dialog && dialog.showModal) { event.preventDefault(); dialog.showModal(); return; }
    var closer = event.target.closest("[data-close]");
    if (closer) {
      var shell = closer.closest("dialog, details");
      if (shell) { event.preventDefault(); if (shell.close) shell.close(); else shell.open = false; }
      return;
    }
    if (event.target.closest("[data-print]")) { event.preventDefault(); window.print(); return; }
    if (event.target.closest("[aria-disabled=true]")) event.preventDefault();
    all("details.who[open]").forEach(function (el) { if (!el.contains(event.target)) el.open = false; });
  });

  /* Bulk bar: how many rows are picked and what they add up to. */
  function count(form) {
    var picked = all("input[type=checkbox][data-amount]:checked", form), sum = 0;
    picked.forEach(function (el) { sum += fen(el.getAttribute("data-amount")) || 0; });
    all("[data-picked]", form).forEach(function (el) { el.textContent = picked.length; });
    all("[data-sum]", form).forEach(function (el) { el.textContent = yuan(sum); });
    all("[data-needs-pick]", form).forEach(function (el) { el.disabled = !picked.length; });
  }
  /* The amount field: the label of the button and the bar follow it; it cannot pass data-limit. */
  function amount(input) {
    var value = fen(input.value), limit = fen(input.getAttribute("data-limit"));
    var over = value !== null && limit !== null && value > limit;
    input.setCustomValidity(over ? input.getAttribute("data-over") || yuan(limit) : "");
    all("[data-amount-for='" + input.id + "']").forEach(function (el) {
      var plain = el.getAttribute("data-plain");
      if (plain === null) el.setAttribute("data-plain", plain = el.textContent);
      var text = el.getAttribute(over ? "data-over" : "data-text");
      el.textContent = text && value !== null ? text.replace("{}", yuan(over ? limit : value)) : plain;
    });
    var bar = doc.querySelector("[data-limit-for='" + input.id + "']");
    if (bar && value !== null && fen(bar.getAttribute("data-scale"))) {
      bar.setAttribute("width", Math.min(100, Math.min(value, limit === null ? value : limit) / fen(bar.getAttribute("data-scale")) * 100) + "%");
    }
  }
  doc.addEventListener("change", function (event) {
    var form = event.target.closest("form[data-bulk]");
    if (!form) return;
    if (event.target.hasAttribute("data-all")) {
      all("input[type=checkbox][data-amount]", form).forEach(function (el) { el.checked = event.target.checked; });
    }
    count(form);
  });
  doc.addEventListener("input", function (event) { if (event.target.hasAttribute("data-limit")) amount(event.target); });

  function ready(within) {
    all("[data-seconds]", within).forEach(start);
    all("form[data-bulk]", within).forEach(count);
    all("input[data-limit]", within).forEach(amount);
    /* A row of tabs that is wider than the phone shows the one that is open. */
    all(".tabs a[aria-current], .nav a[aria-current]", within).forEach(function (el) {
      var row = el.closest(".tabs, .nav"), over = el.getBoundingClientRect().right - row.getBoundingClientRect().right;
      if (over > 0) row.scrollLeft += over + 16;
    });
    var summary = within.querySelector(".error-summary");
    if (summary) summary.focus();
  }
  ready(doc);
  doc.addEventListener("htmx:load", function (event) { if (event.target !== doc.body) ready(event.target); });
  doc.addEventListener("htmx:afterRequest", function (event) {
    var form = event.target.closest && event.target.closest("form[data-sent]");
    if (!form) return;
    form.removeAttribute("data-sent");
    all("[aria-disabled]", form).forEach(function (el) { el.removeAttribute("aria-disabled"); });
  });
})();
