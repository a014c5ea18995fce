//! Recordings of Selenium IDE, as it saves them in `.side` files. Source: the types of `@seleniumhq/side-model` 4 and its list of
//! commands.
//!
//! | command | becomes |
//! |---|---|
//! | `open` | an address that was gone to |
//! | `click`, `clickAt`, `doubleClick`, `doubleClickAt` | a click |
//! | `type`, `sendKeys` | a fill, of which the text is left behind; `${KEY_ENTER}` is a key |
//! | `select`, `addSelection`, `check`, `uncheck` | a choice |
//! | `selectFrame`, `selectWindow`, `storeWindowHandle`, `close` | where the next commands are |
//! | `assert…`, `verify…`, `waitFor…`, `mouse…`, `pause`, `echo`, `setWindowSize`, `setSpeed` | nothing, which is told |
//! | `runScript` that scrolls the window, and nothing else | nothing, which is told |
//! | other code, conditions, loops, other tests, stored texts, answers to dialogs | a refusal |
//!
//! Which command led to another page such a file doesn't say, but for windows that open; `open` begins a new one.
//!
//! Not here: what a `type` was of (`typed`).

use serde_json::{Map, Value as Json};
use url::Url;

use super::fields::Fields;
use super::trail::Trail;
use super::typed::{self, Unknown};
use super::{Imported, Notes, Refusals, Typed, json};
use crate::recording::bounds::{EDGES, TEXT, WAYS};
use crate::recording::{Deed, Edge, Key, Target, Value, Way};

const COMMANDS: usize = 5_000;

/// The first window, before anything gives it a name.
const FIRST: &str = "";

/// Turns a test of a project of Selenium IDE into a recording; which one, if there are several.
///
/// # Errors
/// Everything for which it is refused.
pub fn import_side(text: &str, test: Option<&str>, typed: &Typed) -> Result<Imported, Refusals> {
    let json = json(text)?;
    let file = json.as_object().ok_or_else(|| Refusals::of_file("it is no project of Selenium IDE"))?;
    let mut notes = Notes::default();
    let mut fields = Fields::of(None, "", file);
    let Some(tests) = fields.take("tests").and_then(Json::as_array) else {
        return Err(Refusals::of_file("it is no project of Selenium IDE: it has no list `tests`"));
    };
    for name in ["id", "version", "name", "urls", "timeout", "delay"] {
        fields.take(name);
    }
    for name in ["plugins", "suites", "snapshot"] {
        if fields.take(name).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty())) {
            notes.leave(None, name, "a recording is one test, without what is around it");
        }
    }
    let base = fields.text("url", &mut notes).and_then(|url| Url::parse(url).ok());
    fields.end(&mut notes);
    let named = |one: &&Json| test.is_none_or(|test| one.get("name").and_then(Json::as_str) == Some(test));
    let mut tests = tests.iter().filter(named);
    let (Some(chosen), None) = (tests.next(), tests.next()) else {
        let reason = match test {
            Some(_) => "it has no test of that name, or several",
            None => "it has no test or several: say which, as `--test NAME`",
        };
        return Err(Refusals::of_file(reason));
    };
    let title = chosen.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let commands = chosen.get("commands").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if commands.len() > COMMANDS {
        let reason = format!("it has {} commands, and {COMMANDS} are read at most", commands.len());
        return Err(Refusals::of_file(reason));
    }
    let mut reader = Reader {
        trail: Trail::new(FIRST),
        notes,
        unknown: Vec::new(),
        acts: 0,
        base,
        window: FIRST.to_owned(),
        frames: Vec::new(),
        names: Vec::new(),
        typed,
    };
    let typed_texts = typed.texts(
        commands
            .iter()
            .filter(|command| is_typing(command))
            .filter_map(|command| command.get("value").and_then(Json::as_str)),
    );
    for (at, command) in commands.iter().enumerate() {
        match command.as_object() {
            Some(command) => reader.command(at + 1, command),
            None => reader.notes.refuse(Some(at + 1), "it is no command"),
        }
        if reader.notes.are_many() {
            break;
        }
    }
    let Reader { trail, notes, unknown, .. } = reader;
    notes.end(title, trail, &unknown, &typed_texts)
}

fn is_typing(command: &Json) -> bool {
    command.get("command").and_then(Json::as_str).is_some_and(|name| kind(name) == Kind::Type)
}

struct Reader<'a> {
    trail: Trail,
    notes: Notes,
    unknown: Vec<Unknown>,
    acts: usize,
    base: Option<Url>,
    /// The window that commands are in, and the frames of it.
    window: String,
    frames: Vec<Edge>,
    /// What the file calls windows, and which they are.
    names: Vec<(String, String)>,
    typed: &'a Typed,
}

impl Reader<'_> {
    fn command(&mut self, number: usize, object: &Map<String, Json>) {
        let step = Some(number);
        let mut fields = Fields::of(step, "", object);
        let Some(name) = fields.needed("command", &mut self.notes) else { return };
        let is_off = name.starts_with("//") || fields.take("skip").and_then(Json::as_bool) == Some(true);
        if is_off {
            self.notes.leave(step, "command that is off", "it isn't carried out there either");
            return;
        }
        let ours = match kind(name) {
            Kind::Code if scrolls(object) => Kind::Left("a script scrolls to what it acts on by itself"),
            ours => ours,
        };
        fields.kind = if ours == Kind::Unknown { "command".to_owned() } else { name.to_owned() };
        for known in ["id", "comment", "isBreakpoint", "fallbackTargets", "targetFallback", "values", "valueFallback"] {
            fields.take(known);
        }
        let opens = fields.take("opensWindow").and_then(Json::as_bool) == Some(true);
        let handle = fields.text("windowHandleName", &mut self.notes).map(str::to_owned);
        fields.take("windowTimeout");
        match ours {
            Kind::Open => self.open(&mut fields),
            Kind::Click => {
                if name.ends_with("At") {
                    fields.leave("value", "a script clicks in the middle of a thing", &mut self.notes);
                }
                if name.starts_with("double") {
                    self.notes.leave(step, name, "a script clicks once");
                }
                fields.take("value");
                let target = self.target(&mut fields);
                self.act(Deed::Click, target);
            }
            Kind::Type => self.fill(number, &mut fields),
            Kind::Choose => {
                if fields.take("value").is_some() && name.ends_with("elect") {
                    self.notes.leave(step, format!("{name}.value"), "which option was chosen is in no recording");
                }
                let target = self.target(&mut fields);
                self.act(Deed::Choose, target);
            }
            Kind::Frame => self.frame(&mut fields),
            Kind::Window => self.select_window(&mut fields),
            Kind::Handle => {
                fields.take("value");
                if let Some(handle) = fields.text("target", &mut self.notes) {
                    self.names.push((handle.to_owned(), self.window.clone()));
                }
                fields.take("targets");
            }
            Kind::Close => {
                for name in ["target", "targets", "value"] {
                    fields.take(name);
                }
                self.act(Deed::Close, None);
            }
            Kind::Left(why) => {
                self.notes.leave(step, name, why);
                return;
            }
            Kind::Refused(why) => {
                self.notes.refuse(step, format!("`{name}`: {why}"));
                return;
            }
            Kind::Code => {
                self.notes.refuse(step, format!("`{name}`: a script holds no code"));
                return;
            }
            Kind::Unknown => {
                self.notes.refuse(step, "nobody here knows this command");
                return;
            }
        }
        if let (true, Some(handle)) = (opens, handle) {
            self.opens(&handle);
        }
        fields.end(&mut self.notes);
    }

    fn open(&mut self, fields: &mut Fields<'_>) {
        fields.take("targets");
        fields.take("value");
        let Some(target) = fields.needed("target", &mut self.notes) else { return };
        let url = match &self.base {
            Some(base) => base.join(target),
            None => Url::parse(target),
        };
        match url {
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                self.frames.clear();
                self.trail.navigate(&self.window, url);
                self.acts += 1;
            }
            _ => self.notes.refuse(fields.step, "`open.target` is no address"),
        }
    }

    fn fill(&mut self, number: usize, fields: &mut Fields<'_>) {
        let value = fields.needed("value", &mut self.notes);
        let Some(target) = self.target(fields) else { return };
        let Some(text) = value else { return };
        let keys: Vec<&str> =
            text.match_indices("${KEY_").filter_map(|(at, _)| text.get(at..)?.split('}').next()).collect();
        let bare = keys.iter().fold(text.to_owned(), |text, key| text.replace(&format!("{key}}}"), ""));
        for key in &keys {
            match *key {
                "${KEY_ENTER" | "${KEY_ESCAPE" => {}
                _ => self.notes.leave(Some(number), "sendKeys, a key", "a script presses Enter and Escape alone"),
            }
        }
        if !bare.is_empty() || keys.is_empty() {
            // `${password}` is a variable of the file's, which is called what it holds.
            let variable = bare.strip_prefix("${").and_then(|name| name.strip_suffix('}'));
            let mut named = target.clone();
            named.ways.extend(variable.map(|name| Way::Name(name.to_owned())));
            let with = typed::value(number, &bare, &named, self.typed);
            if with.is_none() {
                self.unknown.push(Unknown { step: number, act: self.acts });
            }
            let does = Deed::Fill { with: with.unwrap_or(Value::Other), length: typed::length(&bare) };
            self.act(does, Some(target.clone()));
        }
        for key in keys {
            let key = match key {
                "${KEY_ENTER" => Key::Enter,
                "${KEY_ESCAPE" => Key::Escape,
                _ => continue,
            };
            self.act(Deed::Press { key }, Some(target.clone()));
        }
    }

    fn frame(&mut self, fields: &mut Fields<'_>) {
        fields.take("value");
        let target = fields.take("target").and_then(Json::as_str).unwrap_or_default().to_owned();
        match target.as_str() {
            "relative=parent" => drop(self.frames.pop()),
            "relative=top" => self.frames.clear(),
            target => {
                let place = target.strip_prefix("index=").and_then(|place| place.parse().ok());
                let css = way(target).and_then(|way| way.css());
                if place.is_none() && css.is_none() {
                    self.notes.refuse(fields.step, "`selectFrame.target` leads to no frame");
                    return;
                }
                if self.frames.len() >= EDGES || css.as_ref().is_some_and(|css| css.len() > TEXT) {
                    self.notes.refuse(fields.step, "`selectFrame` leads into far too many frames");
                    return;
                }
                self.frames.push(Edge::Frame { css, place, origin: None });
            }
        }
        fields.take("targets");
    }

    fn select_window(&mut self, fields: &mut Fields<'_>) {
        fields.take("value");
        fields.take("targets");
        let target = fields.take("target").and_then(Json::as_str).unwrap_or_default();
        let handle = target.strip_prefix("handle=${").and_then(|rest| rest.strip_suffix('}'));
        let window = handle.and_then(|handle| self.names.iter().rfind(|(name, _)| name == handle));
        match window {
            Some((_, window)) => {
                self.window = window.clone();
                self.frames.clear();
            }
            None => self.notes.refuse(fields.step, "`selectWindow.target` is no window that was named before"),
        }
    }

    /// A window opened, of which the address isn't in the file.
    fn opens(&mut self, handle: &str) {
        let Some(url) = self.trail.address(&self.window).cloned() else { return };
        self.trail.open(&self.window, handle, url);
        self.acts += 1;
        self.names.push((handle.to_owned(), handle.to_owned()));
        self.notes.leave(
            None,
            "address of a window that opened",
            "it isn't in the file; the one before stands in its place",
        );
    }

    fn act(&mut self, does: Deed, target: Option<Target>) {
        let has_begun = self.trail.address(&self.window).is_some();
        self.trail.act(&self.window, does, target);
        self.acts += usize::from(has_begun);
        if !has_begun {
            self.notes.refuse(None, "it does something before it opens an address");
        }
    }

    /// What a command is done to: the target that plays, and the others that were recorded.
    fn target(&mut self, fields: &mut Fields<'_>) -> Option<Target> {
        let own = fields.take("target").and_then(Json::as_str).unwrap_or_default();
        let others = fields.take("targets").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let others = others.iter().filter_map(|other| other.as_array()?.first()?.as_str());
        let mut ways: Vec<Way> = Vec::new();
        let mut unknown = 0;
        for text in std::iter::once(own).chain(others.take(WAYS)) {
            match way(text) {
                Some(way) if ways.contains(&way) => {}
                Some(way) => ways.push(way),
                None => unknown += 1,
            }
        }
        if ways.is_empty() {
            self.notes.refuse(fields.step, format!("`{}.target` leads to nothing that is known", fields.kind));
            return None;
        }
        if unknown > 0 {
            let what = format!("{}.targets, some of them", fields.kind);
            self.notes.leave(fields.step, what, "nobody here knows this kind of locator");
        }
        Some(Target { within: self.frames.clone(), ways })
    }
}

/// What becomes of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Click,
    Type,
    Choose,
    Frame,
    Window,
    Handle,
    Close,
    Left(&'static str),
    Refused(&'static str),
    Code,
    Unknown,
}

fn kind(name: &str) -> Kind {
    match name {
        "open" => Kind::Open,
        "click" | "clickAt" | "doubleClick" | "doubleClickAt" => Kind::Click,
        "type" | "sendKeys" => Kind::Type,
        "select" | "addSelection" | "removeSelection" | "check" | "uncheck" => Kind::Choose,
        "selectFrame" => Kind::Frame,
        "selectWindow" => Kind::Window,
        "storeWindowHandle" => Kind::Handle,
        "close" => Kind::Close,
        "setWindowSize" => Kind::Left("a session's window has one size"),
        "pause" | "setSpeed" => Kind::Left("a script waits for what a page shows, and never for time"),
        "echo" | "debugger" => Kind::Left("it does nothing to the page"),
        "runScript" | "executeScript" | "executeAsyncScript" => Kind::Code,
        _ if name.starts_with("assert")
            && name != "assertAlert"
            && name != "assertConfirmation"
            && name != "assertPrompt" =>
        {
            Kind::Left("a page of a script is known by what it is recognised by")
        }
        _ if name.starts_with("verify") => Kind::Left("a page of a script is known by what it is recognised by"),
        _ if name.starts_with("waitFor") => Kind::Left("a page of a script is waited for by what it is recognised by"),
        _ if name.starts_with("mouse") => Kind::Left("a script doesn't point at things"),
        "if" | "else" | "elseIf" | "end" | "while" | "times" | "do" | "repeatIf" | "forEach" => {
            Kind::Refused("a recording has no conditions and loops")
        }
        "run" => Kind::Refused("it carries out another test: import that one"),
        "editContent" | "dragAndDropToObject" | "submit" => Kind::Refused("no script does this"),
        _ if name.starts_with("store") => Kind::Refused("a recording keeps nothing of a page for later"),
        _ if ["Alert", "Confirmation", "Prompt"].iter().any(|dialog| name.ends_with(dialog)) => {
            Kind::Refused("a session declines dialogs of the browser's")
        }
        _ => Kind::Unknown,
    }
}

/// Whether code does nothing but scroll the window to a place that is written out, as that program records it.
fn scrolls(command: &Map<String, Json>) -> bool {
    let code = command.get("target").and_then(Json::as_str).unwrap_or_default().trim();
    let is_scroll = |call: &str| {
        let call = call.trim().strip_prefix("window.").unwrap_or(call.trim());
        let place = ["scrollTo(", "scrollBy(", "scroll("].iter().find_map(|name| call.strip_prefix(name));
        let place = place.and_then(|place| place.strip_suffix(')'));
        place.is_some_and(|place| place.chars().all(|sign| sign.is_ascii_digit() || " ,.-".contains(sign)))
    };
    command.get("command").and_then(Json::as_str) == Some("runScript")
        && code.strip_suffix(';').unwrap_or(code).split(';').all(is_scroll)
}

/// A locator.
fn way(locator: &str) -> Option<Way> {
    if locator.starts_with("//") || locator.starts_with("(/") {
        return Some(Way::Xpath(locator.to_owned()));
    }
    let (by, text) = locator.split_once('=')?;
    let text = text.to_owned();
    Some(match by {
        "id" => Way::Id(text),
        "name" => Way::Name(text),
        "css" => Way::Css(text),
        "xpath" => Way::Xpath(text),
        "linkText" | "link" => Way::Role { role: "link".to_owned(), name: text },
        _ => return None,
    })
}
