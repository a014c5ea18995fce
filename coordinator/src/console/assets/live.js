// Shows a run as it goes on, and sends what the person at the wheel does. Pictures come over a socket and are drawn on a
// canvas; what is typed goes over the same socket and is kept nowhere.
"use strict";
(() => {
  const root = document.getElementById("live-view");
  const by = (id) => document.getElementById(id);
  const [stands, lost, asks, screen, wheel, typed] = ["stands", "lost", "asks", "screen", "at-the-wheel", "typed"].map(by);
  const buttons = { take: by("take"), takeOver: by("take-over"), handBack: by("hand-back") };
  const pen = screen.getContext("2d", { alpha: false });
  let socket = null;
  let page = { width: screen.width, height: screen.height };
  let holds = false;
  let over = false;
  let withheld = false;
  let pause = 500;
  let drawn = 0;

  const say = (text) => { if (stands.textContent !== text) stands.textContent = text; };
  const lose = (text) => { lost.textContent = text; lost.hidden = !text; };
  const tell = (what) => {
    const isOpen = socket !== null && socket.readyState === WebSocket.OPEN;
    if (isOpen) socket.send(JSON.stringify(what));
    return isOpen;
  };
  const does = (input) => {
    if (holds && !tell({ do: "input", input })) lose("The live view is interrupted: what you did didn't reach the page.");
  };

  const draw = async (bytes) => {
    const sides = new DataView(bytes);
    try {
      const picture = await createImageBitmap(new Blob([bytes.slice(4)], { type: sides.getUint8(4) === 0x89 ? "image/png" : "image/jpeg" }));
      page = { width: sides.getUint16(0), height: sides.getUint16(2) };
      if (withheld) { picture.close(); throw new Error("nobody is to see it"); }
      if (screen.width !== picture.width || screen.height !== picture.height) {
        [screen.width, screen.height] = [picture.width, picture.height];
      }
      pen.drawImage(picture, 0, 0);
      picture.close();
      drawn += 1;
      screen.dataset.pictures = String(drawn);
    } catch {
      // The next one may be whole.
    }
    tell({ do: "drawn" });
  };

  // The button that is down at the bank's page, and where; it goes up however the pointer is lost.
  let pressed = null;
  const release = (at) => {
    if (pressed) does({ does: "release", ...pressed, ...at });
    pressed = null;
  };

  const hold = (now) => {
    const before = holds;
    if (now && !before) lose("");
    if (!now) pressed = null;
    holds = now;
    wheel.hidden = !now;
    screen.setAttribute("role", now ? "application" : "img");
    screen.tabIndex = now ? 0 : -1;
    screen.classList.toggle("held", now);
    screen.setAttribute("aria-describedby", now ? "way-out" : "stands");
    if (now && !before) screen.focus();
    if (!now && before) { typed.value = ""; if (document.activeElement === screen) by("stop").focus(); }
  };

  const show = (told) => {
    say(told.text);
    asks.textContent = told.asks ?? "";
    asks.hidden = !told.asks;
    for (const [name, button] of Object.entries(buttons)) if (button) button.hidden = !told.can.includes(name);
    if (buttons.takeOver && told.holder) buttons.takeOver.textContent = `Take over from ${told.holder}`;
    if (buttons.take) buttons.take.textContent = told.wheel === "elsewhere" ? "Take the wheel here" : "Take the wheel";
    hold(told.wheel === "yours");
    screen.classList.toggle("pale", !told.pictures);
    withheld = told.withheld;
    if (withheld) pen.clearRect(0, 0, screen.width, screen.height);
    over = told.over;
  };

  const connect = () => {
    const address = new URL(root.dataset.socket, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      pause = 500;
      if (typeof data === "string") show(JSON.parse(data));
      else void draw(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      socket = null;
      if (holds) lose("The live view was interrupted: what you did last may not have reached the page.");
      hold(false);
      for (const button of Object.values(buttons)) if (button) button.hidden = true;
      // The session has ended: signing in again leads back here.
      if (code === 4401) { location.reload(); return; }
      if (over || [4404, 4410, 4429].includes(code)) {
        screen.classList.add("pale");
        if (reason && !over) say(reason);
        return;
      }
      say("The live view is interrupted and is being connected again.");
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, 10000);
    });
  };

  if (buttons.take) {
    buttons.take.addEventListener("click", () => tell({ do: "take" }));
    buttons.takeOver.addEventListener("click", () => tell({ do: "takeOver" }));
    buttons.handBack.addEventListener("click", () => tell({ do: "handBack" }));
  }
  by("stop").addEventListener("click", () => { if (holds) tell({ do: "handBack" }); });

  // The pointer, a finger too.
  const place = (event) => {
    const box = screen.getBoundingClientRect();
    const along = (at, from, length, side) => Math.round(((at - from) * side) / Math.max(1, length));
    return { x: along(event.clientX, box.left, box.width, page.width), y: along(event.clientY, box.top, box.height, page.height) };
  };
  const modifiers = (event) =>
    (event.altKey ? 1 : 0) | (event.ctrlKey ? 2 : 0) | (event.metaKey ? 4 : 0) | (event.shiftKey ? 8 : 0);
  const names = ["left", "middle", "right"];
  let clicks = { count: 0, at: 0, x: 0, y: 0 };
  let moved = null;
  screen.addEventListener("pointerdown", (event) => {
    if (!holds || event.button > 2) return;
    event.preventDefault();
    screen.focus();
    screen.setPointerCapture(event.pointerId);
    const at = place(event);
    moved = null;
    const again = event.timeStamp - clicks.at < 500 && Math.abs(at.x - clicks.x) + Math.abs(at.y - clicks.y) < 8;
    clicks = { ...at, at: event.timeStamp, count: again ? (clicks.count % 3) + 1 : 1 };
    // A page may wait for the pointer to come before it is pressed.
    does({ does: "move", ...at, buttons: 0, modifiers: modifiers(event) });
    release(at);
    pressed = { ...at, button: names[event.button], clicks: clicks.count, modifiers: modifiers(event) };
    does({ does: "press", ...pressed });
  });
  screen.addEventListener("pointerup", (event) => {
    if (holds && event.button <= 2 && pressed?.button === names[event.button]) release(place(event));
  });
  // A finger that became a scroll, a window that went away: the place that is told then is no place.
  screen.addEventListener("pointercancel", () => {
    if (!pressed) return;
    release({});
    lose("The pointer was lost: what it had pressed was let go.");
  });
  screen.addEventListener("lostpointercapture", () => release({}));
  screen.addEventListener("pointermove", (event) => {
    if (!holds) return;
    const first = moved === null;
    moved = { does: "move", ...place(event), buttons: event.buttons & 7, modifiers: modifiers(event) };
    if (first) requestAnimationFrame(() => { if (moved) does(moved); moved = null; });
  });
  screen.addEventListener("contextmenu", (event) => { if (holds) event.preventDefault(); });
  screen.addEventListener("wheel", (event) => {
    if (!holds) return;
    event.preventDefault();
    const scale = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? page.height : 1;
    const bound = (delta) => Math.max(-4000, Math.min(4000, Math.round(delta * scale)));
    does({ does: "wheel", ...place(event), dx: bound(event.deltaX), dy: bound(event.deltaY) });
  }, { passive: false });

  // The keyboard. Escape twice leads out, whatever the page makes of the first.
  let escaped = 0;
  const key = (event, what) => {
    if (!holds) return;
    const { key, code, keyCode } = event;
    const isComposed = event.getModifierState("AltGraph") || (event.ctrlKey && event.altKey);
    const isSign = [...key].length === 1;
    const isCommand = (event.ctrlKey || event.metaKey) && !isComposed;
    // Pasting comes as an event of its own; what else has Control is the browser's, but for these.
    if (isCommand && !["a", "z", "x", "Backspace", "Delete", "ArrowLeft", "ArrowRight", "Home", "End"].includes(key)) return;
    if (!isSign && !["Enter", "Tab", "Backspace", "Delete", "Escape", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown",
      "Home", "End", "PageUp", "PageDown", "Insert"].includes(key)) return;
    event.preventDefault();
    if (what === "keyDown" && key === "Escape" && !event.repeat) {
      if (event.timeStamp - escaped < 1000) { escaped = 0; (buttons.handBack ?? by("stop")).focus(); return; }
      escaped = event.timeStamp;
    }
    does({ does: what, key, code: code.slice(0, 32), keyCode: keyCode & 255, modifiers: isComposed ? 0 : modifiers(event) });
  };
  screen.addEventListener("keydown", (event) => { if (!event.isComposing) key(event, "keyDown"); });
  screen.addEventListener("keyup", (event) => { if (!event.isComposing) key(event, "keyUp"); });

  const put = (text) => {
    const parts = [...text];
    lose("");
    if (parts.length > 4000) {
      lose(`That text has ${parts.length} characters, and 4000 go at once: nothing of it was put in. Do it in parts.`);
      return false;
    }
    for (let from = 0; from < parts.length; from += 1000) {
      does({ does: "text", text: parts.slice(from, from + 1000).join("") });
    }
    return true;
  };
  document.addEventListener("paste", (event) => {
    if (!holds || document.activeElement !== screen) return;
    event.preventDefault();
    put(event.clipboardData?.getData("text/plain") ?? "");
  });
  by("typing").addEventListener("submit", (event) => {
    event.preventDefault();
    if (put(typed.value)) typed.value = "";
  });
  const codes = { Enter: 13, Tab: 9, Backspace: 8 };
  for (const button of root.querySelectorAll("[data-key]")) {
    button.addEventListener("click", () => {
      const named = { key: button.dataset.key, code: button.dataset.key, keyCode: codes[button.dataset.key], modifiers: 0 };
      does({ does: "keyDown", ...named });
      does({ does: "keyUp", ...named });
    });
  }

  connect();
})();
