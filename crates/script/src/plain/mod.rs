//! A page as a program without a browser has it: which page it is, and what a browser would
//! ask for next if a link were followed or a form submitted.
//!
//! Nothing of a page's own scripts happens here. What needs them can't be acted on, which is
//! said and never guessed: an address that isn't one of the web, a button that submits nothing.
//!
//! Not here: asking for it, cookies, character sets (a driver does that).

mod around;
mod submit;

use std::time::Duration;

pub use self::around::{Addresses, Field, Place};

use domain::secret::Secret;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use scraper::ElementRef;
use url::Url;

use self::around::Around;
use self::submit::owner;
use crate::bounds::Refused;
use crate::command::{Condition, Problem, Target, Vote, Watch};
use crate::controls::{kind, submits, takes};
use crate::css::Css;
use crate::document::{Document, folded_case, is_hidden, text};
use crate::ways::{found, votes};

/// The longest that a page may want to be left as it is, in milliseconds: a day.
const LONGEST_MS: u64 = 86_400_000;

/// What a browser would ask a server for.
pub enum Request {
    /// A link is followed.
    Link(Url),
    /// A form is submitted.
    Form(Form),
}

/// A form that is submitted, urlencoded.
pub struct Form {
    /// Where to.
    pub to: Url,
    /// How its entries get there.
    pub by: Method,
    /// Names and values in the order of the document. A value may be a secret.
    pub entries: Vec<(String, String)>,
    /// The character sets that the form wants to be sent in, the best first; empty for the
    /// document's own.
    pub charsets: Vec<String>,
}

/// What is asked for by a click.
pub struct Asked {
    /// What.
    pub request: Request,
    /// The document that asks.
    pub from: Place,
    /// Where a browser would show what comes.
    pub shows_in: ShowsIn,
}

/// Where a browser shows what comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShowsIn {
    /// In the place of a document that is there.
    Document(Place),
    /// In a window of its own.
    Window,
}

/// How a form's entries get to where they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// In the address, in place of its query.
    Get,
    /// In the body.
    Post,
}

/// What was put into a field of a page.
#[derive(Clone, Debug)]
pub struct Filled {
    /// The field.
    pub field: Field,
    /// The text.
    pub text: Secret,
}

/// A page that was parsed, for as long as it is asked.
pub struct Plain {
    document: Document,
    /// Where it is.
    url: Url,
    /// Where what its frames show is.
    frames: Addresses,
}

impl Plain {
    /// Parses the page that was found at `url`.
    ///
    /// # Errors
    /// Why the document is too large or nested too deeply, in words.
    pub fn parse(html: &str, url: &Url) -> Result<Self, String> {
        Self::framed(html, url, Addresses::new())
    }

    /// The same, with what frames show that was found at these addresses.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn framed(html: &str, url: &Url, frames: Addresses) -> Result<Self, String> {
        let document = Document::parse_plain(html).map_err(|refused: Refused| refused.text().to_string())?;
        Ok(Self { document, url: url.clone(), frames })
    }

    /// The page that shows, of those that are looked for.
    #[must_use]
    pub fn recognise<'w>(&self, watch: &'w Watch) -> Option<&'w str> {
        if watch.busy.iter().any(|selector| self.shows(selector)) {
            return None;
        }
        let holds = |page: &&crate::command::Recogniser| page.conditions.iter().all(|condition| self.holds(condition));
        watch.pages.iter().find(holds).map(|page| page.page.as_str())
    }

    /// What each of several ways to find something comes to.
    #[must_use]
    pub fn votes(&self, target: &Target) -> Vec<Vote> {
        votes(&self.document, target)
    }

    /// After how long the page asks for itself to be replaced, and by what.
    #[must_use]
    pub fn refresh(&self) -> Option<(Duration, Url)> {
        let meta = Css::parse("meta[http-equiv][content]")?;
        let is_refresh = |meta: &ElementRef<'_>| {
            meta.attr("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh"))
        };
        let meta = self.document.all(&meta).find(is_refresh)?;
        let content = meta.attr("content")?;
        let (seconds, rest) = content.split_once([';', ',']).unwrap_or((content, ""));
        let seconds: Decimal = seconds.trim().parse().ok()?;
        let after_ms =
            seconds.checked_mul(Decimal::ONE_THOUSAND)?.to_u64().filter(|after_ms| *after_ms <= LONGEST_MS)?;
        let rest = rest.trim();
        let is_named = rest.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("url"));
        let address = if is_named { rest.get(3..)?.trim_start().strip_prefix('=').unwrap_or_default() } else { rest };
        let address = address.trim().trim_matches(['"', '\'']);
        let url = if address.is_empty() { self.url.clone() } else { Around::of(meta).address(&self.url, address)? };
        Some((Duration::from_millis(after_ms), url))
    }

    /// The character set that the page says it is in.
    #[must_use]
    pub fn declared_charset(&self) -> Option<String> {
        let meta = Css::parse("meta")?;
        self.document.all(&meta).find_map(|meta| {
            if let Some(charset) = meta.attr("charset") {
                return Some(charset.to_owned());
            }
            let content = meta.attr("content").filter(|_| meta.attr("http-equiv").is_some())?.to_ascii_lowercase();
            let (_, charset) = content.split_once("charset=")?;
            Some(charset.trim_matches(['"', '\'', ' ']).to_owned())
        })
    }

    /// The field that a text can be put into.
    ///
    /// # Errors
    /// [`Problem`] where it can't.
    pub fn fill(&self, into: &Target, text: &Secret) -> Result<Field, Problem> {
        let field = found(&self.document, into)?;
        let takes_it = takes(&field, Some(text.expose()));
        Around::of(field).field(field).filter(|_| takes_it).ok_or(Problem::NotActionable)
    }

    /// The box that is ticked where this is clicked; none where it isn't one that is empty, or nothing is sent of it.
    ///
    /// # Errors
    /// [`Problem`] where nothing or several things fit.
    pub fn tick(&self, target: &Target) -> Result<Option<Filled>, Problem> {
        let element = found(&self.document, target)?;
        let is_empty_box =
            element.value().name() == "input" && kind(&element) == "checkbox" && element.attr("checked").is_none();
        let around = Around::of(element);
        // Of any other, what a tick comes to is the page's own scripts' to say.
        let is_sent = element.attr("name").is_some_and(|name| !name.is_empty()) && owner(&around, &element).is_some();
        let field = (is_empty_box && is_sent).then(|| around.field(element)).flatten();
        Ok(field.map(|field| {
            let text = Secret::new(element.attr("value").unwrap_or("on").to_owned());
            Filled { field, text }
        }))
    }

    /// What a browser would ask for if this were clicked, with the fields filled like that.
    ///
    /// # Errors
    /// [`Problem`] where nothing or several things fit, or nothing would be asked for without
    /// the page's own scripts.
    pub fn click(&self, target: &Target, fills: &[Filled]) -> Result<Asked, Problem> {
        let target = found(&self.document, target)?;
        let element = above(target).find(acts).ok_or(Problem::NotActionable)?;
        let around = Around::of(element);
        let request = match element.value().name() {
            "a" | "area" => {
                let href =
                    element.attr("href").map(str::trim).filter(|href| !href.is_empty() && !href.starts_with('#'));
                let to = href.and_then(|href| around.address(around.url(&self.frames, &self.url), href));
                Request::Link(to.ok_or(Problem::NotActionable)?)
            }
            _ if submits(&element) => Request::Form(self.submit(&element, fills)?),
            _ => return Err(Problem::NotActionable),
        };
        Ok(Asked { request, from: around.place(), shows_in: self.shows_in(&around, &element) })
    }

    /// Where a browser would show what comes when this is clicked.
    fn shows_in(&self, around: &Around<'_>, element: &ElementRef<'_>) -> ShowsIn {
        let named = match element.value().name() {
            "a" | "area" => element.value().attr("target"),
            _ => element.value().attr("formtarget").or_else(|| owner(around, element)?.value().attr("target")),
        };
        let named = named.or_else(|| around.usual_target()).unwrap_or_default();
        match named.trim().to_ascii_lowercase().as_str() {
            "" | "_self" => ShowsIn::Document(around.place()),
            "_parent" => ShowsIn::Document(around.parent()),
            "_top" => ShowsIn::Document(Place::default()),
            "_blank" => ShowsIn::Window,
            name => around::named(&self.document, name).map_or(ShowsIn::Window, ShowsIn::Document),
        }
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Visible(selector) => self.shows(selector),
            Condition::Absent(selector) => !self.shows(selector),
            Condition::Text { within, contains } => {
                let wanted = folded_case(contains);
                let says =
                    |element: ElementRef<'_>| !is_hidden(&element) && folded_case(&text(element)).contains(&wanted);
                Css::parse(within).is_some_and(|css| self.document.all(&css).any(says))
            }
            Condition::Url(part) => self.url.as_str().contains(part.as_str()),
        }
    }

    fn shows(&self, selector: &str) -> bool {
        Css::parse(selector).is_some_and(|css| self.document.shown(&css).is_some())
    }
}

/// An element and what is around it, the innermost first.
fn above(element: ElementRef<'_>) -> impl Iterator<Item = ElementRef<'_>> {
    std::iter::once(element).chain(element.ancestors().filter_map(ElementRef::wrap))
}

/// Whether a click on it may lead on.
fn acts(element: &ElementRef<'_>) -> bool {
    matches!(element.value().name(), "a" | "area" | "button" | "input")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::secret::Secret;

    use super::{Filled, Method, Place, Plain, Request, ShowsIn};
    use crate::command::{Condition, Popups, Problem, Recogniser, Watch};

    fn plain(html: &str) -> Plain {
        let url = |path: &str| format!("https://bank.example/{path}").parse().expect("a url");
        let frames = [(vec![0], "menu/"), (vec![1], "work/a"), (vec![1, 1], "lists/b")];
        let frames = frames.map(|(place, path)| (Place(place), url(path))).into();
        Plain::framed(html, &url("in/list?a=1#top"), frames).expect("a page")
    }

    /// What a click asks for, in one line.
    fn asked(html: &str, click: &str, fills: &[(&str, &str)]) -> String {
        let plain = plain(html);
        let filled = |(into, text): &(&str, &str)| {
            let text = Secret::new((*text).into());
            Filled { field: plain.fill(&(*into).into(), &text).expect("a field"), text }
        };
        let fills: Vec<Filled> = fills.iter().map(filled).collect();
        match plain.click(&click.into(), &fills).map(|asked| asked.request) {
            Ok(Request::Link(url)) => url.into(),
            Ok(Request::Form(form)) => {
                let entries: Vec<String> = form.entries.iter().map(|(name, value)| format!("{name}={value}")).collect();
                let by = if form.by == Method::Post { "POST" } else { "GET" };
                format!("{by} {} {}", form.to, entries.join("&")).trim_end().to_owned()
            }
            Err(problem) => format!("{problem:?}"),
        }
    }

    #[test]
    fn a_link_leads_where_it_says_and_nowhere_else() {
        let check = |html: &str, expected: &str| assert_eq!(asked(html, "#x", &[]), expected, "{html}");
        check("<a id=x href='next?b=2'>", "https://bank.example/in/next?b=2");
        check("<base href='/app/'><a href=next><b id=x>Next</b></a>", "https://bank.example/app/next");
        check("<a id=x href='javascript:go()'>", "NotActionable");
        check("<a id=x href='#'>", "NotActionable");
        check("<a id=x>", "NotActionable");
        check("<span id=x>", "NotActionable");
        check("<a id=x hidden href=next>", "NotActionable");
        check("<a id=x href=a></a><a id=x href=b>", "Ambiguous");
        check("", "Missing");
    }

    /// From which document a click asks, and where what comes shows.
    fn led(html: &str) -> (Place, ShowsIn) {
        let asked = plain(html).click(&">>> #x".into(), &[]).map_err(|problem| format!("{problem:?} in {html}"));
        asked.map(|asked| (asked.from, asked.shows_in)).expect("a click that asks")
    }

    #[test]
    fn what_has_a_name_that_is_no_frames_opens_in_a_window() {
        let check = |html: &str, expected: ShowsIn| assert_eq!(led(html).1, expected, "{html}");
        let top = || ShowsIn::Document(Place::default());
        check("<a id=x href=next target=_blank>", ShowsIn::Window);
        check("<a href=next target=help><b id=x>Help</b></a>", ShowsIn::Window);
        check("<a id=x href=next target=_top>", top());
        check("<a id=x href=next>", top());
        check("<base target=_blank><a id=x href=next>", ShowsIn::Window);
        check("<iframe name=Work></iframe><a id=x href=next target=work>", ShowsIn::Document(Place(vec![0])));
        check("<form target=_blank><button id=x></form>", ShowsIn::Window);
        check("<form target=_blank><button id=x formtarget=_self></form>", top());
    }

    #[test]
    fn a_click_within_a_frame_asks_from_there_and_shows_where_it_says() {
        let work = |inner: &str| {
            let inner = inner.replace('"', "&quot;");
            format!(
                "<frameset><frame name=menu src=old srcdoc='x'><frame name=work srcdoc=\"<noscript><iframe></iframe>\
                 </noscript><iframe name=list srcdoc='{inner}'></iframe>\"></frameset>"
            )
        };
        let check = |target: &str, expected: ShowsIn| {
            let html = work(&format!("<a id=x href=next target={target}>"));
            assert_eq!(led(&html), (Place(vec![1, 1]), expected), "{target}");
        };
        check("_self", ShowsIn::Document(Place(vec![1, 1])));
        check("_parent", ShowsIn::Document(Place(vec![1])));
        check("_top", ShowsIn::Document(Place::default()));
        check("menu", ShowsIn::Document(Place(vec![0])));
        check("help", ShowsIn::Window);
        let asked = |inner: &str, fills: &[(&str, &str)]| asked(&work(inner), ">>> #x", fills);
        assert_eq!(asked("<a id=x href=next>", &[]), "https://bank.example/lists/next");
        let form = "<form><input name=a><input type=submit id=x></form>";
        assert_eq!(asked(form, &[(">>> [name=a]", "1")]), "GET https://bank.example/lists/b a=1");
    }

    #[test]
    fn what_a_document_says_in_a_frame_is_at_its_own_address() {
        let said = "<iframe></iframe><iframe></iframe><iframe src=/b/c srcdoc='<a id=x href=next>'></iframe>";
        assert_eq!(asked(said, ">>> #x", &[]), "https://bank.example/in/next");
    }

    #[test]
    fn a_field_is_the_one_that_was_filled_also_where_another_document_has_its_like() {
        let search = "<form><input name=a><input type=submit id=x></form>";
        let ask = |list: &str| plain(&format!("<iframe srcdoc='{search}'></iframe><iframe srcdoc='{list}'></iframe>"));
        let text = Secret::new("1".into());
        let field = ask("").fill(&">>> [name=a]".into(), &text).expect("a field");
        let with_its_like = ask("<form><input name=a value=2></form>");
        let asked = with_its_like.click(&">>> #x".into(), &[Filled { field, text }]).expect("a click that asks");
        let Request::Form(form) = asked.request else { unreachable!("a button of a form submits it") };
        assert_eq!(form.entries, [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn a_form_is_sent_as_a_browser_sends_it() {
        let form = "<form action=go method=post><input name=a value=1><input type=hidden name=b value=2>\
            <input name=off disabled value=3><input type=checkbox name=c><input type=checkbox name=d checked>\
            <input type=radio name=r value=1><input type=radio name=r value=2 checked><input value=nameless>\
            <select name=s><option>One<option selected value=2>Two</select><select name=t><option> First  one </select>\
            <textarea name=u>\nlines\nof it</textarea><fieldset disabled><input name=e value=x></fieldset>\
            <button name=other value=1>Other</button><button id=x name=go value=yes>Go</button></form>";
        let sent = "POST https://bank.example/in/go a=1&b=2&d=on&r=2&s=2&t=First one&u=lines\r\nof it&go=yes";
        assert_eq!(asked(form, "#x", &[]), sent);
        let filled = asked(form, "#x", &[("[name=a]", "new"), ("[name=s]", "one"), ("textarea", "")]);
        assert_eq!(filled, "POST https://bank.example/in/go a=new&b=2&d=on&r=2&s=One&t=First one&u=&go=yes");
        let check = |html: &str, expected: &str| assert_eq!(asked(html, "#x", &[]), expected, "{html}");
        let get = "<form><input name=q value=1><input type=submit id=x></form>";
        check(get, "GET https://bank.example/in/list?a=1 q=1");
        let outside = "<form id=f></form><button id=x form=f formaction=/y formmethod=post>";
        check(outside, "POST https://bank.example/y");
        check("<form><button id=x type=button></form>", "NotActionable");
        check("<button id=x>", "NotActionable");
        check("<form method=post enctype=multipart/form-data><button id=x></form>", "NotActionable");
        check("<form action='mailto:a@b.example'><button id=x></form>", "NotActionable");
    }

    #[test]
    fn a_form_between_the_tags_of_a_table_keeps_its_fields() {
        let html = "<table><form action=one><tr><td><input name=a value=1></td></tr></form>\
            <form action=two method=post><tr><td><input name=b value=2><input type=submit id=x name=s value=Go></td></tr>\
            </form></table>";
        assert_eq!(asked(html, "#x", &[]), "POST https://bank.example/in/two b=2&s=Go");
    }

    #[test]
    fn a_field_takes_what_a_person_could_give_it() {
        let check = |html: &str, text: &str, expected: Result<(), Problem>| {
            let filled = plain(html).fill(&"#x".into(), &Secret::new(text.into()));
            assert_eq!(filled.map(|_| ()), expected, "{html}");
        };
        check("<input id=x>", "a", Ok(()));
        check("<textarea id=x></textarea>", "a", Ok(()));
        check("<select id=x><option value=7>Seven</select>", "seven", Ok(()));
        check("<select id=x><option value=7>Seven</select>", "eight", Err(Problem::NotActionable));
        check("<input id=x readonly>", "a", Err(Problem::NotActionable));
        check("<input id=x type=checkbox>", "a", Err(Problem::NotActionable));
        check("<b id=x>", "a", Err(Problem::NotActionable));
        check("<input id=x><input id=x>", "a", Err(Problem::Ambiguous));
    }

    #[test]
    fn the_first_page_whose_signs_all_hold_shows_unless_it_is_busy() {
        let page = |page: &str, conditions| Recogniser { page: page.into(), conditions };
        let text = Condition::Text { within: "h1".into(), contains: "sign  IN".into() };
        let pages = vec![
            page("refused", vec![Condition::Visible("form .alert".into())]),
            page("sign_in", vec![text, Condition::Absent("table".into()), Condition::Url("/in/".into())]),
        ];
        let watch = Watch { pages, busy: vec![".wait".into()], left: None, popups: Popups::Close, patience_ms: 1 };
        let check = |html: &str, expected: Option<&str>| assert_eq!(plain(html).recognise(&watch), expected, "{html}");
        check("<h1>Sign in</h1>", Some("sign_in"));
        check("<h1>Sign in</h1><form><p class=alert>No.</p></form>", Some("refused"));
        check("<h1>Sign in</h1><form><p class=alert hidden>No.</p></form>", Some("sign_in"));
        check("<h1>Sign in</h1><i class=wait>", None);
        check("<h1>Sign in</h1><table></table>", None);
    }

    #[test]
    fn what_a_page_says_of_itself_is_heard() {
        let refresh = |content: &str| {
            let page = plain(&format!("<meta http-equiv=Refresh content=\"{content}\">"));
            page.refresh().map(|(after, url)| (after, url.path().to_owned()))
        };
        let after = |seconds, path: &str| Some((Duration::from_secs(seconds), path.to_owned()));
        assert_eq!(refresh("3; URL='/wait'"), after(3, "/wait"));
        assert_eq!(refresh("0;url=next"), after(0, "/in/next"));
        assert_eq!(refresh("5"), after(5, "/in/list"));
        let within = plain("<p>Wait</p><noscript><meta http-equiv=refresh content=2></noscript>");
        assert_eq!(within.refresh().map(|(after, _)| after), Some(Duration::from_secs(2)), "nobody runs scripts here");
        assert_eq!(refresh("79228162514264337593543950335"), None);
        assert_eq!(refresh("-1"), None);
        assert_eq!(refresh("soon"), None);
        assert_eq!(refresh("1;url=javascript:x()"), None);
        let charset = |meta: &str| plain(meta).declared_charset();
        assert_eq!(charset("<meta charset=windows-1252>").as_deref(), Some("windows-1252"));
        let old = "<meta http-equiv=Content-Type content='text/html; charset=ISO-8859-1'>";
        assert_eq!(charset(old).as_deref(), Some("iso-8859-1"));
        assert_eq!(charset("<meta name=a content=b>"), None);
    }
}
