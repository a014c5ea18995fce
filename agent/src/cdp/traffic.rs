//! What a page asks the network for and is answered, as the browser tells it: the answers that a
//! script captures, and a list of all requests where an author wants one.
//!
//! A browser tells nothing of it unless it is asked to, since that costs something for each request.
//! Not here: whether a request may be made; the session's way out decides that.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use script::command::Capture;
use serde_json::Value;
use tokio::sync::watch;
use url::Url;

use crate::hosts::Hosts;
use crate::requests::{Request, RequestEnd};

/// How many answers are followed at once; beyond that they are too many.
const ANSWERS_LIMIT: usize = 1_000;
/// How many requests are listed; of more the first ones.
const REQUESTS_LIMIT: usize = 2_000;

/// What is known of one session's requests.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    state: Mutex<State>,
    /// Grows whenever something changes.
    moved: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    wanted: Option<(Capture, Hosts)>,
    /// Those that fit what is wanted, in the order in which they were asked for.
    exchanges: Vec<Exchange>,
    are_too_many: bool,
    /// How much was handed over since the capture began.
    handed: usize,
    requests: Option<Vec<Listed>>,
}

#[derive(Debug)]
struct Exchange {
    id: String,
    state: Reached,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    Asked,
    Answering,
    Whole,
}

/// A request of the list, with what it takes to complete it.
#[derive(Debug)]
struct Listed {
    id: String,
    /// The browser's own clock, in seconds.
    began: f64,
    request: Request,
}

/// How those that are followed stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Some are under way.
    pub(super) under_way: usize,
    /// Some are whole and weren't handed over.
    pub(super) whole: usize,
}

impl Traffic {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows what fits and leads to these hosts, from now on; what was followed counts no more.
    pub(super) fn follow(&self, capture: Capture, hosts: Hosts) {
        let mut state = self.state();
        state.wanted = Some((capture, hosts));
        state.exchanges.clear();
        state.are_too_many = false;
        state.handed = 0;
    }

    /// Lists all requests from now on.
    pub(super) fn list(&self) {
        self.state().requests.get_or_insert_default();
    }

    /// Those that were listed so far.
    pub(super) fn listed(&self) -> Vec<Request> {
        let state = self.state();
        state.requests.iter().flatten().map(|listed| listed.request.clone()).collect()
    }

    pub(super) fn standing(&self) -> Standing {
        let state = self.state();
        let whole = state.exchanges.iter().filter(|exchange| exchange.state == Reached::Whole).count();
        Standing { under_way: state.exchanges.len() - whole, whole }
    }

    /// Changes with each that comes.
    pub(super) fn moves(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Takes the browser's names of those that are whole; none where they are too many.
    pub(super) fn take(&self) -> Option<Vec<String>> {
        let mut state = self.state();
        if state.are_too_many {
            return None;
        }
        let (whole, rest) =
            std::mem::take(&mut state.exchanges).into_iter().partition(|one| one.state == Reached::Whole);
        state.exchanges = rest;
        let whole: Vec<Exchange> = whole;
        Some(whole.into_iter().map(|exchange| exchange.id).collect())
    }

    /// Counts what is handed over; how much that is since the capture began.
    pub(super) fn hand(&self, bytes: usize) -> usize {
        let mut state = self.state();
        state.handed = state.handed.saturating_add(bytes);
        state.handed
    }

    /// Takes note of what the browser tells.
    pub(super) fn hear(&self, method: &str, params: &Value) {
        let Some(id) = params["requestId"].as_str() else { return };
        let mut state = self.state();
        match method {
            "Network.requestWillBeSent" => state.asked(id, params),
            "Network.responseReceived" => state.answered(id, params),
            "Network.loadingFinished" => state.ended(id, params, Ended::Whole),
            "Network.loadingFailed" => state.ended(id, params, Ended::Failed),
            _ => return,
        }
        drop(state);
        self.moved.send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    Failed,
}

impl State {
    fn asked(&mut self, id: &str, params: &Value) {
        // One that was redirected goes on under the same name.
        self.exchanges.retain(|exchange| exchange.id != id);
        let (method, url) = (text(&params["request"]["method"]), text(&params["request"]["url"]));
        if let Some((capture, hosts)) = &self.wanted
            && matches!(params["type"].as_str(), Some("XHR" | "Fetch"))
            && capture.fits(method, url)
            && Url::parse(url).is_ok_and(|url| hosts.allow(&url))
        {
            self.are_too_many |= self.exchanges.len() >= ANSWERS_LIMIT;
            if !self.are_too_many {
                self.exchanges.push(Exchange { id: id.to_owned(), state: Reached::Asked });
            }
        }
        let began = params["timestamp"].as_f64().unwrap_or_default();
        self.list_ended(id, began, RequestEnd::Redirected, params["redirectResponse"]["status"].as_u64());
        if let Some(requests) = &mut self.requests
            && requests.len() < REQUESTS_LIMIT
            && let Ok(url) = Url::parse(url)
            && url.has_host()
        {
            let request = Request::asked(method.to_owned(), url, text(&params["type"]).to_lowercase());
            requests.push(Listed { id: id.to_owned(), began, request });
        }
    }

    fn answered(&mut self, id: &str, params: &Value) {
        let status = params["response"]["status"].as_u64();
        if let Some(place) = self.exchanges.iter().position(|exchange| exchange.id == id) {
            // What a refusal means is for the page to say.
            if matches!(status, Some(200..=299)) {
                if let Some(exchange) = self.exchanges.get_mut(place) {
                    exchange.state = Reached::Answering;
                }
            } else {
                self.exchanges.remove(place);
            }
        }
        if let Some(listed) = self.last_listed(id) {
            listed.request.status = status.and_then(|status| u16::try_from(status).ok());
        }
    }

    fn ended(&mut self, id: &str, params: &Value, ended: Ended) {
        match ended {
            Ended::Whole => {
                let found = self.exchanges.iter_mut().find(|exchange| exchange.id == id);
                if let Some(exchange) = found.filter(|exchange| exchange.state == Reached::Answering) {
                    exchange.state = Reached::Whole;
                }
            }
            Ended::Failed => self.exchanges.retain(|exchange| exchange.id != id),
        }
        let at = params["timestamp"].as_f64().unwrap_or_default();
        let bytes = params["encodedDataLength"].as_f64().filter(|bytes| bytes.is_finite() && *bytes >= 0.0);
        if let Some(listed) = self.last_listed(id) {
            listed.request.bytes = bytes.map(whole);
        }
        let end = match ended {
            Ended::Whole => RequestEnd::Answered,
            Ended::Failed => RequestEnd::Failed,
        };
        self.list_ended(id, at, end, None);
    }

    fn last_listed(&mut self, id: &str) -> Option<&mut Listed> {
        self.requests.as_mut()?.iter_mut().rev().find(|listed| listed.id == id)
    }

    fn list_ended(&mut self, id: &str, at: f64, end: RequestEnd, status: Option<u64>) {
        let Some(listed) = self.last_listed(id).filter(|listed| listed.request.end == RequestEnd::UnderWay) else {
            return;
        };
        let took = Duration::try_from_secs_f64(at - listed.began).unwrap_or_default();
        listed.request.took = Some(took);
        listed.request.end = end;
        if let Some(status) = status {
            listed.request.status = u16::try_from(status).ok();
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A count of bytes as the browser writes it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is a whole number that isn't negative")]
fn whole(bytes: f64) -> u64 {
    bytes as u64
}

#[cfg(test)]
mod tests {
    use protocol::lease::AllowLoopback;
    use script::command::{Capture, Method};
    use serde_json::{Value, json};
    use url::Url;

    use super::{Standing, Traffic};
    use crate::hosts::Hosts;
    use crate::requests::RequestEnd;

    fn following() -> Traffic {
        let portal: Url = "https://bank.example/".parse().expect("a url");
        let hosts = Hosts::new(&portal, &["api.bank.example".to_owned()], AllowLoopback::No);
        let traffic = Traffic::default();
        traffic.follow(Capture { url: vec!["/a1/".into(), "entries".into()], method: Method::Get }, hosts);
        traffic
    }

    fn asks(traffic: &Traffic, id: &str, kind: &str, method: &str, url: &str) {
        let request = json!({ "method": method, "url": url });
        let params = json!({ "requestId": id, "type": kind, "request": request, "timestamp": 1.5 });
        traffic.hear("Network.requestWillBeSent", &params);
    }

    fn answers(traffic: &Traffic, id: &str, status: u64) {
        traffic.hear("Network.responseReceived", &json!({ "requestId": id, "response": { "status": status } }));
    }

    fn ends(traffic: &Traffic, id: &str) {
        let params = json!({ "requestId": id, "timestamp": 2.0, "encodedDataLength": 77 });
        traffic.hear("Network.loadingFinished", &params);
    }

    #[test]
    fn only_what_fits_is_followed_and_only_what_is_whole_is_taken_in_the_order_of_the_asking() {
        let traffic = following();
        let url = "https://bank.example/a1/entries?page=1";
        asks(&traffic, "1", "Fetch", "GET", url);
        asks(&traffic, "2", "XHR", "GET", "https://api.bank.example/a1/entries?page=2");
        for (id, kind, method, url) in [
            ("3", "Document", "GET", url),
            ("4", "Fetch", "POST", url),
            ("5", "Fetch", "GET", "https://bank.example/a2/entries"),
            ("6", "Fetch", "GET", "https://elsewhere.example/a1/entries"),
        ] {
            asks(&traffic, id, kind, method, url);
            answers(&traffic, id, 200);
            ends(&traffic, id);
        }
        assert_eq!(traffic.standing(), Standing { under_way: 2, whole: 0 });
        for id in ["2", "1"] {
            answers(&traffic, id, 200);
            ends(&traffic, id);
        }
        assert_eq!(traffic.standing(), Standing { under_way: 0, whole: 2 });
        assert_eq!(traffic.take().expect("a few"), ["1", "2"]);
        assert_eq!(traffic.take().expect("a few"), [""; 0]);
    }

    #[test]
    fn refusals_failures_and_what_was_asked_before_are_no_answers() {
        let traffic = following();
        let url = "https://bank.example/a1/entries";
        asks(&traffic, "1", "Fetch", "GET", url);
        answers(&traffic, "1", 503);
        asks(&traffic, "2", "Fetch", "GET", url);
        traffic.hear("Network.loadingFailed", &json!({ "requestId": "2", "timestamp": 2.0 }));
        assert_eq!(traffic.standing(), Standing { under_way: 0, whole: 0 });
        asks(&traffic, "3", "Fetch", "GET", url);
        let portal: Url = "https://bank.example/".parse().expect("a url");
        let hosts = Hosts::new(&portal, &[], AllowLoopback::No);
        traffic.follow(Capture { url: vec!["entries".into()], method: Method::Get }, hosts);
        answers(&traffic, "3", 200);
        ends(&traffic, "3");
        assert_eq!(traffic.take().expect("a few"), [""; 0]);
        traffic.hear("Network.loadingFinished", &Value::Null);
    }

    #[test]
    fn too_many_are_none() {
        let traffic = following();
        for id in 0..1_001 {
            asks(&traffic, &id.to_string(), "Fetch", "GET", "https://bank.example/a1/entries");
        }
        assert_eq!(traffic.take(), None);
    }

    #[test]
    fn requests_are_listed_with_how_they_ended_where_somebody_wants_a_list() {
        let traffic = Traffic::default();
        asks(&traffic, "0", "Fetch", "GET", "https://bank.example/before");
        traffic.list();
        asks(&traffic, "1", "Document", "GET", "https://bank.example/login?user=jane");
        answers(&traffic, "1", 200);
        ends(&traffic, "1");
        asks(&traffic, "2", "Image", "GET", "data:image/png;base64,AAAA");
        asks(&traffic, "3", "Fetch", "POST", "https://bank.example/api");
        let listed = traffic.listed();
        let [first, second] = listed.as_slice() else { unreachable!("{listed:?}") };
        assert_eq!((first.status, first.bytes, first.end), (Some(200), Some(77), RequestEnd::Answered));
        assert_eq!(first.took.map(|took| took.as_millis()), Some(500));
        assert_eq!((second.method.as_str(), second.kind.as_str(), second.end), ("POST", "fetch", RequestEnd::UnderWay));
        assert_eq!(second.status, None);
    }
}
