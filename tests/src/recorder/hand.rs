//! The hand of a person at a recorder's browser: it looks where a thing is, moves the pointer there, presses and types, by
//! real input that the browser is given on its DevTools port. No script of a page is called, and nothing is clicked by one.
//!
//! Not here: where a person goes (`people`).

use std::path::Path;

use serde_json::{Value, json};

use crate::patience::eventually;
use crate::socket::{Heard, Socket};

/// Where a thing is in the window, and that it stands still: `a >>> b` leads through frames and shadow roots, `a{words}`
/// is one that has these words.
const PLACE: &str = r"
(path) => {
  if (document.readyState !== 'complete') return null;
  const parts = path.split('>>>').map((part) => /^(.*?)(?:\{(.*)\})?$/su.exec(part.trim()));
  let own = document, frames = [], element = null;
  for (const [, selector, words] of parts) {
    if (own === null) return null;
    if (own.querySelector?.('[aria-busy=true]')) return null;
    const all = [...own.querySelectorAll(selector)].filter((one) => one.getClientRects().length > 0);
    element = all.find((one) => !words || (one.innerText || one.value || '').includes(words));
    if (element === undefined || element.disabled) return null;
    const inner = element.contentDocument ?? null;
    if (inner !== null) frames.push(element);
    if (inner !== null && inner.readyState !== 'complete') return null;
    own = inner ?? element.shadowRoot;
  }
  element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  let { left, top, width, height } = element.getBoundingClientRect();
  for (const frame of frames.filter((frame) => frame !== element)) {
    const around = frame.getBoundingClientRect();
    left += around.left + frame.clientLeft;
    top += around.top + frame.clientTop;
  }
  return { x: left + width / 2, y: top + height / 2, text: element.innerText ?? '' };
}";

/// What went wrong.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A hand at the newest window of a browser.
pub struct Hand {
    socket: Socket,
    calls: u64,
    /// The windows that there are, as they were seen first.
    windows: Vec<Value>,
}

impl Hand {
    /// At the one browser that has its profile in a folder, once it shows a page.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn at(profiles: &Path) -> Result<Self, Failure> {
        let address = eventually(async || {
            let said = std::fs::read_dir(profiles)
                .ok()?
                .flatten()
                .find_map(|entry| std::fs::read_to_string(entry.path().join("DevToolsActivePort")).ok())?;
            let (port, path) = said.trim().split_once('\n')?;
            Some(format!("http://127.0.0.1:{port}{path}"))
        });
        let address = address.await.ok_or("no browser listens")?;
        Ok(Self { socket: Socket::open(&address, &[]).await?, calls: 0, windows: Vec::new() })
    }

    /// Waits until a thing shows; its text.
    ///
    /// # Errors
    /// When it doesn't in time.
    pub async fn see(&mut self, path: &str) -> Result<String, Failure> {
        let place = self.place(path).await?;
        Ok(place["text"].as_str().unwrap_or_default().to_owned())
    }

    /// Where a thing is, once it shows and stands still, in pixels of the window.
    ///
    /// # Errors
    /// When it doesn't in time.
    pub async fn point(&mut self, path: &str) -> Result<(i64, i64), Failure> {
        let place = self.place(path).await?;
        // Whole pixels of a thing that is larger than one.
        let whole = |side: &Value| side.to_string().split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0);
        Ok((whole(&place["x"]), whole(&place["y"])))
    }

    /// Clicks a thing once it shows and stands still.
    ///
    /// # Errors
    /// When it doesn't in time.
    pub async fn click(&mut self, path: &str) -> Result<(), Failure> {
        let place = self.place(path).await?;
        self.press(&place, 1).await
    }

    /// Types into a field, over whatever is in it.
    ///
    /// # Errors
    /// When it doesn't show in time.
    pub async fn fill(&mut self, path: &str, text: &str) -> Result<(), Failure> {
        let place = self.place(path).await?;
        self.press(&place, 3).await?;
        for sign in text.chars() {
            let key = json!({ "type": "keyDown", "key": sign.to_string(), "text": sign.to_string() });
            self.call("Input.dispatchKeyEvent", key).await?;
            self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": sign.to_string() })).await?;
        }
        Ok(())
    }

    /// Turns the wheel above a thing, far down.
    ///
    /// # Errors
    /// When it doesn't show in time.
    pub async fn scroll(&mut self, path: &str) -> Result<(), Failure> {
        self.turn(path, 100_000).await
    }

    /// Turns the wheel above a thing by so many pixels, down where there are more than none.
    ///
    /// # Errors
    /// When it doesn't show in time.
    pub async fn turn(&mut self, path: &str, down: i32) -> Result<(), Failure> {
        let place = self.place(path).await?;
        let (x, y) = (&place["x"], &place["y"]);
        let wheel = json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": 0, "deltaY": down });
        self.call("Input.dispatchMouseEvent", wheel).await?;
        Ok(())
    }

    /// Presses Enter where the caret is.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn enter(&mut self) -> Result<(), Failure> {
        self.press_key("Enter").await
    }

    /// Presses a key that isn't text, where the caret is.
    ///
    /// # Errors
    /// When nobody knows the key, or the browser is gone.
    pub async fn press_key(&mut self, key: &str) -> Result<(), Failure> {
        let code = match key {
            "Backspace" => 8,
            "Enter" => 13,
            "End" => 35,
            "ArrowDown" => 40,
            other => return Err(format!("nobody knows the key {other}").into()),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" && key == "Enter" { "\r" } else { "" };
            let pressed = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", pressed).await?;
        }
        Ok(())
    }

    async fn press(&mut self, place: &Value, clicks: u8) -> Result<(), Failure> {
        let (x, y) = (&place["x"], &place["y"]);
        self.call("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y })).await?;
        for count in 1..=clicks {
            for kind in ["mousePressed", "mouseReleased"] {
                let mouse =
                    json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": count });
                self.call("Input.dispatchMouseEvent", mouse).await?;
            }
        }
        Ok(())
    }

    /// Where a thing is, once it was there twice.
    async fn place(&mut self, path: &str) -> Result<Value, Failure> {
        let expression = format!("({PLACE})({})", json!(path));
        let until = tokio::time::Instant::now() + crate::patience::patience();
        let mut before = Value::Null;
        while tokio::time::Instant::now() < until {
            // A frame is drawn in between, so that two looks are at two of them. A window behind another draws none.
            let call = json!({
                "expression": format!(
                    "new Promise((tell) => {{ requestAnimationFrame(() => tell({expression})); setTimeout(tell, 500, null); }})"
                ),
                "returnByValue": true,
                "awaitPromise": true,
            });
            let now = self.call("Runtime.evaluate", call).await.map(|answer| answer["result"]["value"].clone());
            let now = now.unwrap_or(Value::Null);
            if !now.is_null() && now == before {
                return Ok(now);
            }
            before = now;
        }
        Err(format!("`{path}` doesn't show").into())
    }

    /// A call in the newest window.
    async fn call(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        let targets = self.send(None, "Target.getTargets", json!({})).await?;
        let is_page = |target: &&Value| target["type"] == "page" && target["url"] != "about:blank";
        let pages = targets["targetInfos"].as_array().into_iter().flatten().filter(is_page);
        let there: Vec<Value> = pages.map(|target| target["targetId"].clone()).collect();
        self.windows.retain(|known| there.contains(known));
        self.windows.extend(there.into_iter().filter(|target| !self.windows.contains(target)).collect::<Vec<_>>());
        let target = self.windows.last().cloned().ok_or("no page shows")?;
        let attach = json!({ "targetId": target, "flatten": true });
        let session = self.send(None, "Target.attachToTarget", attach).await?["sessionId"].clone();
        let answer = self.send(Some(&session), method, params).await;
        // What was done may have closed the window.
        let _ = self.send(None, "Target.detachFromTarget", json!({ "sessionId": session })).await;
        answer
    }

    async fn send(&mut self, session: Option<&Value>, method: &str, params: Value) -> Result<Value, Failure> {
        self.calls += 1;
        let id = self.calls;
        let mut call = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            call["sessionId"] = session.clone();
        }
        self.socket.say(&call).await;
        loop {
            match self.socket.next().await {
                Some(Heard::Words(said)) if said["id"] == id => {
                    let refused = said["error"]["message"].as_str();
                    return refused
                        .map_or_else(|| Ok(said["result"].clone()), |why| Err(format!("{method}: {why}").into()));
                }
                // A window that closes answers nothing of what it was asked.
                Some(Heard::Words(said))
                    if said["method"] == "Target.detachedFromTarget"
                        && Some(&said["params"]["sessionId"]) == session =>
                {
                    return Ok(Value::Null);
                }
                Some(Heard::Words(_) | Heard::Bytes(_)) => {}
                Some(Heard::Closed(..)) | None => return Err("the browser is gone".into()),
            }
        }
    }
}
