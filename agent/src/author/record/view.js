// Shows the portal on a canvas, and sends what the person does there: the pointer, keys, and what is pasted. What is typed
// goes over the socket and is kept nowhere.
"use strict";
(() => {
  const by = (id) => document.getElementById(id);
  const [stands, screen, done] = ["stands", "screen", "done"].map(by);
  const pen = screen.getContext("2d", { alpha: false });
  let page = { width: screen.width, height: screen.height };
  const address = new URL("socket", location.href);
  address.protocol = "ws:";
  const socket = new WebSocket(address);
  socket.binaryType = "arraybuffer";
  const tell = (what) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what));
  };
  const does = (input) => tell({ do: "input", input });

  const draw = async (bytes) => {
    const sides = new DataView(bytes);
    const picture = await createImageBitmap(new Blob([bytes.slice(4)], { type: "image/jpeg" }));
    page = { width: sides.getUint16(0), height: sides.getUint16(2) };
    if (screen.width !== picture.width || screen.height !== picture.height) {
      [screen.width, screen.height] = [picture.width, picture.height];
    }
    pen.drawImage(picture, 0, 0);
    picture.close();
    screen.dataset.pictures = String(Number(screen.dataset.pictures ?? 0) + 1);
  };
  socket.addEventListener("open", () => {
    stands.textContent = "Sign in, open an account, look at its next page, go back to the list, sign out.";
    screen.focus({ preventScroll: true });
  });
  // One that is broken is followed by another.
  socket.addEventListener("message", ({ data }) => void draw(data).catch(() => {}));
  socket.addEventListener("close", () => (stands.textContent = "The recorder has ended."));
  done.addEventListener("click", () => tell({ do: "done" }));

  const place = (event) => {
    const box = screen.getBoundingClientRect();
    const along = (at, from, length, side) => Math.round(((at - from) * side) / Math.max(1, length));
    return {
      x: along(event.clientX, box.left, box.width, page.width),
      y: along(event.clientY, box.top, box.height, page.height),
    };
  };
  const modifiers = (event) =>
    (event.altKey ? 1 : 0) | (event.ctrlKey ? 2 : 0) | (event.metaKey ? 4 : 0) | (event.shiftKey ? 8 : 0);
  const names = ["left", "middle", "right"];
  let pressed = null;
  let moved = null;
  const release = (at) => {
    if (pressed) does({ does: "release", ...pressed, ...at });
    pressed = null;
  };
  screen.addEventListener("pointerdown", (event) => {
    if (event.button > 2) return;
    event.preventDefault();
    screen.focus();
    screen.setPointerCapture(event.pointerId);
    does({ does: "move", ...place(event), buttons: 0, modifiers: modifiers(event) });
    pressed = { ...place(event), button: names[event.button], clicks: 1, modifiers: modifiers(event) };
    does({ does: "press", ...pressed });
  });
  screen.addEventListener("pointerup", (event) => release(place(event)));
  screen.addEventListener("pointercancel", () => release({}));
  screen.addEventListener("pointermove", (event) => {
    const isFirst = moved === null;
    moved = { does: "move", ...place(event), buttons: event.buttons & 7, modifiers: modifiers(event) };
    if (isFirst) {
      requestAnimationFrame(() => {
        does(moved);
        moved = null;
      });
    }
  });
  screen.addEventListener("contextmenu", (event) => event.preventDefault());
  screen.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const scale = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? page.height : 1;
      const bound = (delta) => Math.max(-4000, Math.min(4000, Math.round(delta * scale)));
      does({ does: "wheel", ...place(event), dx: bound(event.deltaX), dy: bound(event.deltaY) });
    },
    { passive: false },
  );
  const KEYS = ["Enter", "Tab", "Backspace", "Delete", "Escape", "Home", "End", "PageUp", "PageDown"];
  const key = (event, what) => {
    if (event.isComposing || ((event.ctrlKey || event.metaKey) && event.key !== "a")) return;
    if ([...event.key].length !== 1 && !KEYS.includes(event.key) && !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const { key, code, keyCode } = event;
    does({ does: what, key, code: code.slice(0, 32), keyCode: keyCode & 255, modifiers: modifiers(event) });
  };
  screen.addEventListener("keydown", (event) => key(event, "keyDown"));
  screen.addEventListener("keyup", (event) => key(event, "keyUp"));
  document.addEventListener("paste", (event) => {
    event.preventDefault();
    const parts = [...(event.clipboardData?.getData("text/plain") ?? "")].slice(0, 4000);
    for (let from = 0; from < parts.length; from += 1000) {
      does({ does: "text", text: parts.slice(from, from + 1000).join("") });
    }
  });
})();
