//! A pretend portal made of HTML strings, and a driver of it that writes down every
//! command: a bank in which nothing moves unless it is clicked.
//!
//! Not a browser: what shows is known from `hidden` alone, and nothing is ever slow.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use domain::institution::CredentialName;
use domain::run::Effect;
use domain::secret::Secret;
use jiff::civil::date;
use scraper::{Html, Selector};
use script::command::{Act, Command, Condition, Observation, Problem, Trouble, Watch};
use script::{Compares, Plan, Runner, Script, UnknownPages};

/// The script for the pretend portal.
const SCRIPT: &str = include_str!("script.yaml");

const PASSWORD: &str = "Lantern-7";
const CODE: &str = "424242";

/// In place of an answer: a new code is wanted.
pub(crate) const RESEND: &str = "a new one, please";

/// In place of an answer: somebody had the page to themselves, and handed it back as it was.
pub(crate) const HAND_BACK: &str = "nothing was done";

/// Where the portal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    SignIn { alert: bool },
    Code { wrong: u32 },
    Advert,
    Accounts,
    Account { index: usize, page: usize },
    Ended,
    Closed,
    Survey,
    SignedOut,
}

/// What the portal does beside what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// The field of the code is filled twice, with one part of the answer each.
    AnswerInParts,
    None,
    /// No new code can be asked for.
    NoResend,
    /// After the code comes an advert that the script knows.
    Advert,
    /// After the code comes a page that the script doesn't know.
    Survey,
    /// The last page of transactions has a next one, without end.
    Endless,
    /// The button for the next page can be clicked and changes only a line above.
    StuckPage,
    /// The session ends when a second page of transactions is asked for.
    SessionEnds,
    /// The portal shows the sign-in page when a second page of transactions is asked for.
    SignsOutSilently,
    /// A refused password is answered with the sign-in page as it was, loaded anew.
    RefusesSilently,
    /// A cell of the second account holds another word than the script knows.
    OddCell,
    /// There is no button to sign out.
    NoSignOut,
    /// The browser is signed in from the start.
    SignedIn,
    /// The click on the sign-in button does nothing.
    DeadButton,
    /// The sign-in button is gone.
    NoButton,
    /// The portal answers 503.
    Unavailable,
    /// On the last page of transactions the button for the next one is gone.
    NoNext,
    /// The form of the code submits itself once it is full.
    SubmitsItself,
    /// The portal says that it is closed.
    Closed,
    /// The portal's words repeat what was entered.
    Echoes,
    /// An account's own page says that it is in euros.
    Euros,
    /// A cell of the second page of the first account holds another word than the script
    /// knows.
    OddRow,
    /// The page of the second account names no balance, and a header repeats the user.
    OddAccount,
    /// Nothing says how many rows there are.
    NoCount,
    /// What says how many rows there are is no number.
    OddCount,
}

/// Who is there when a page shows that the script doesn't know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtTheWheel {
    Nobody,
    /// They pass the page.
    Passes,
    /// They hand it back as it was.
    GivesUp,
}

/// The portal, its driver and what was seen of the run.
pub(crate) struct Pretend {
    place: Place,
    quirk: Quirk,
    pub(crate) filled: Vec<(String, String)>,
    answers: Vec<&'static str>,
    at_the_wheel: AtTheWheel,
    unknown_pages: UnknownPages,
    /// How many new codes were sent.
    resent: u32,
    turns: usize,
    pub(crate) log: Vec<String>,
    region: Vec<String>,
    last_region: Vec<String>,
    /// How many accounts the runner would give if the browser ended now, at each look.
    pub(crate) safe: Vec<Option<usize>>,
    /// The page that the failure is about, if it isn't the one that was seen last.
    pub(crate) failed_page: Option<String>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum End {
    Read(Vec<ObservedAccount>),
    Failed(Failure),
}

impl Pretend {
    pub(crate) fn new(quirk: Quirk) -> Self {
        Self {
            place: Place::Nowhere,
            quirk,
            filled: Vec::new(),
            answers: vec![CODE],
            at_the_wheel: AtTheWheel::Nobody,
            unknown_pages: UnknownPages::Fail,
            resent: 0,
            turns: 0,
            log: Vec::new(),
            region: Vec::new(),
            last_region: Vec::new(),
            safe: Vec::new(),
            failed_page: None,
        }
    }

    /// What a person answers, in order; afterwards nobody is there.
    pub(crate) fn answers(mut self, answers: &[&'static str]) -> Self {
        self.answers = answers.iter().rev().copied().collect();
        self
    }

    /// Pages that the script doesn't know are offered to whoever is there.
    pub(crate) fn offers_wheel(mut self, at_the_wheel: AtTheWheel) -> Self {
        (self.at_the_wheel, self.unknown_pages) = (at_the_wheel, UnknownPages::OfferWheel);
        self
    }

    /// Runs to the end with these credentials.
    pub(crate) fn run(&mut self, password: &str, open_intents: &[Effect]) -> End {
        let secret = |text: &str| Secret::new(text.to_owned());
        let credentials =
            [(CredentialName::BankUsername, secret("jane")), (CredentialName::Password, secret(password))];
        self.run_with(credentials.into_iter().collect(), open_intents)
    }

    /// The script that fits the portal.
    pub(crate) fn script(&self) -> Script {
        let source = match self.quirk {
            Quirk::AnswerInParts => {
                let whole = "      - { fill: \"#digits\", with: answer }\n";
                let part = |part: u8| whole.replace("answer", &format!("answer.{part}"));
                SCRIPT.replacen(whole, &(part(2) + &part(1)), 1)
            }
            Quirk::Euros => SCRIPT.replacen("fields: { ", "fields: { currency: Currency, ", 1),
            _ => SCRIPT.to_owned(),
        };
        let resend = "      attempts: 2\n      resend: { click: \"#resend\", said: \"#resent\" }\n";
        let source = source.replacen("      attempts: 2\n", resend, 1);
        Script::parse(&source).unwrap_or_else(|faults| panic!("{faults}"))
    }

    pub(crate) fn run_with(
        &mut self,
        credentials: std::collections::BTreeMap<CredentialName, Secret>,
        open_intents: &[Effect],
    ) -> End {
        let script = self.script();
        let plan = Plan {
            portal_url: "https://bank.example".parse().expect("an address"),
            credentials,
            open_intents: open_intents.to_vec(),
            today: date(2026, 1, 15),
            since: None,
            compares: Compares::No,
        };
        let mut runner = Runner::new(Arc::new(script), plan).on_unknown_pages(self.unknown_pages);
        let mut observation = None;
        for _ in 0..500 {
            let command = runner.next(observation.take());
            self.safe.push(runner.outcome_if_signing_out().map(|accounts| accounts.len()));
            match command {
                Command::Finish(accounts) => return End::Read(accounts),
                Command::Fail(failure) => {
                    self.failed_page = runner.failed_page().map(|(_, _, html)| html.to_owned());
                    return End::Failed(failure);
                }
                command => observation = Some(self.carry_out(command)),
            }
        }
        panic!("the run doesn't end: {:?}", self.log);
    }

    fn carry_out(&mut self, command: Command) -> Observation {
        match command {
            Command::Visit(url) => {
                self.log.push(format!("visit {url}"));
                if self.quirk == Quirk::Unavailable {
                    return Observation::Unreachable(Trouble::Status(503));
                }
                self.place = match self.quirk {
                    Quirk::SignedIn => Place::Accounts,
                    Quirk::Closed => Place::Closed,
                    _ => Place::SignIn { alert: false },
                };
                Observation::Visited
            }
            Command::Watch(watch) => self.look(&watch),
            Command::Act(deed) => {
                let targets: Vec<&str> = deed.acts.iter().map(Act::target).collect();
                self.log.push(format!("act {}", targets.join(", ")));
                self.region.clone_from(&deed.region);
                deed.acts.into_iter().find_map(|act| self.act(&act)).unwrap_or(Observation::Acted)
            }
            Command::Declare(effect) => self.done(format!("declare {effect}")),
            Command::SettleIntents(outcome) => self.done(format!("intents {outcome}")),
            Command::SettleAnswer(verdict) => self.done(format!("answer {verdict:?}").to_lowercase()),
            Command::Ask(question) => {
                let target = question.masked_target.unwrap_or_default();
                let message = question.institution_message.unwrap_or_default();
                self.log.push(format!("ask {target} {message} ({} left)", question.attempts_left));
                match self.answers.pop() {
                    Some(RESEND) => Observation::Resend,
                    Some(HAND_BACK) => Observation::HandedBack,
                    Some(answer) => Observation::Answered(Secret::new(answer.to_owned())),
                    None => Observation::Refused(FailureCode::MfaTimeout),
                }
            }
            Command::OfferWheel(question) => {
                self.log.push(format!("offer the wheel ({} left)", question.attempts_left));
                match self.at_the_wheel {
                    AtTheWheel::Nobody => Observation::Refused(FailureCode::PageUnrecognised),
                    AtTheWheel::Passes => {
                        self.place = Place::Accounts;
                        Observation::HandedBack
                    }
                    AtTheWheel::GivesUp => Observation::HandedBack,
                }
            }
            Command::Make(_) | Command::ReadPicture(_) => unreachable!("the script sets nothing"),
            Command::Capture(_) | Command::Collect(_) | Command::LeaveBrowser | Command::ReturnToBrowser => {
                unreachable!("the script says nothing of it")
            }
            Command::Download(_) => unreachable!("the script asks for no file"),
            Command::Finish(_) | Command::Fail(_) => unreachable!("the run is over"),
        }
    }

    fn done(&mut self, line: String) -> Observation {
        self.log.push(line);
        Observation::Done
    }

    fn look(&mut self, watch: &Watch) -> Observation {
        let html = self.html();
        let document = Html::parse_document(&html);
        let url = "https://bank.example/somewhere".parse().expect("an address");
        let mut still = None;
        for page in &watch.pages {
            if !page.conditions.iter().all(|condition| holds(&document, condition)) {
                continue;
            }
            let left = watch.left.as_ref().filter(|left| left.page == page.page);
            if left.is_some() {
                let region = texts(&document, &self.region);
                let is_new =
                    self.quirk == Quirk::RefusesSilently || (!self.region.is_empty() && region != self.last_region);
                if !is_new {
                    still = Some(page.page.clone());
                    continue;
                }
            }
            self.log.push(format!("see {}", page.page));
            return Observation::Recognised { page: page.page.clone(), url, html };
        }
        self.log.push("see nothing known".into());
        Observation::Unrecognised { url, html, still }
    }

    /// What stops the acts, if something does.
    fn act(&mut self, act: &Act) -> Option<Observation> {
        let html = self.html();
        let document = Html::parse_document(&html);
        let fitting: Vec<_> = document.select(&selector(act.target())).collect();
        let problem = match fitting.as_slice() {
            [_] => None,
            [] => Some(Problem::Missing),
            _ => Some(Problem::Ambiguous),
        };
        if let Some(problem) = problem {
            return Some(Observation::Stuck { target: act.target().to_owned(), problem, html });
        }
        // What a look after this is compared with.
        self.last_region = texts(&document, &self.region);
        let element = fitting.first()?.value();
        let name = element.attr("href").or(element.attr("id")).unwrap_or_default().to_owned();
        match act {
            Act::Fill { text, .. } => {
                self.filled.push((name.clone(), text.expose().to_owned()));
                if self.quirk == Quirk::SubmitsItself && name == "digits" {
                    self.click("confirm");
                }
            }
            Act::Click { .. } => self.click(&name),
            Act::ClosePopup => unreachable!("the script follows no popups"),
            Act::Scroll { .. } => return Some(Observation::Stuck { target: name, problem: Problem::AtEnd, html }),
        }
        None
    }

    fn click(&mut self, name: &str) {
        let filled =
            |name: &str| self.filled.iter().any(|(field, text)| field == name && (text == PASSWORD || text == CODE));
        self.place = match (self.place.clone(), name) {
            (place, "enter") if self.quirk == Quirk::DeadButton => place,
            (_, "enter") if self.quirk == Quirk::RefusesSilently => Place::SignIn { alert: false },
            (_, "enter") if !filled("password") => Place::SignIn { alert: true },
            (_, "enter") => Place::Code { wrong: 0 },
            (Place::Code { wrong }, "confirm") if !filled("digits") => Place::Code { wrong: wrong + 1 },
            (Place::Code { .. }, "confirm") => match self.quirk {
                Quirk::Advert => Place::Advert,
                Quirk::Survey => Place::Survey,
                _ => Place::Accounts,
            },
            (place, "resend") => {
                self.resent += 1;
                place
            }
            (_, "no-thanks" | "back") => Place::Accounts,
            (_, "#main") => Place::Account { index: 0, page: 1 },
            (_, "#spare") => Place::Account { index: 1, page: 1 },
            (_, "next") if self.quirk == Quirk::SessionEnds => Place::Ended,
            (_, "next") if self.quirk == Quirk::SignsOutSilently => Place::SignIn { alert: false },
            (place, "next") if self.quirk == Quirk::StuckPage => {
                self.turns += 1;
                place
            }
            (Place::Account { index, page }, "next") => Place::Account { index, page: page + 1 },
            (_, "sign-out") => Place::SignedOut,
            (place, name) => panic!("nothing happens on a click on {name} at {place:?}"),
        };
    }

    fn html(&self) -> String {
        let body = match &self.place {
            Place::Nowhere => String::new(),
            Place::SignIn { alert } => {
                let echo = if self.quirk == Quirk::Echoes { " It was wrong&#45;Pass, jane." } else { "" };
                let alert =
                    if *alert { format!("<p role=alert>We don't know\n you.{echo}</p>") } else { String::new() };
                let button = if self.quirk == Quirk::NoButton { "" } else { "<button id=enter>Go</button>" };
                format!("<form id=sign-in>{alert}<input id=user><input id=password type=password>{button}</form>")
            }
            Place::Code { wrong } => {
                let alert = match wrong {
                    0 => String::new(),
                    _ => format!("<p role=alert>Wrong, {wrong} so far.</p>"),
                };
                let resend = if self.quirk == Quirk::NoResend { "" } else { "<a id=resend href=resend>Again</a>" };
                let resent = match self.resent {
                    0 => String::new(),
                    count => format!("<p id=resent>{count} more sent.</p>"),
                };
                format!(
                    "<p id=sent>A code was sent to ••• 0142. Enter it.</p>{resend}{resent}
                     <form id=code>{alert}<input id=digits><button id=confirm>Confirm</button></form>"
                )
            }
            Place::Advert => "<h1>A new card!</h1><button id=no-thanks>No thanks</button>".into(),
            Place::Survey => "<h1>Tell us</h1><p id=accounts hidden></p><div id=details></div>".replace("details", "d"),
            Place::Accounts => self.accounts(),
            Place::Account { index, page } => self.account(*index, *page),
            Place::Ended => "<h1>Your session has ended</h1><p id=why>You were away.</p>".into(),
            Place::Closed => "<h1>We are closed</h1>".into(),
            Place::SignedOut => "<h1>Goodbye</h1>".into(),
        };
        format!("<!doctype html><html><body>{body}</body></html>")
    }

    fn accounts(&self) -> String {
        let out = if self.quirk == Quirk::NoSignOut { "" } else { "<button id=sign-out>Sign out</button>" };
        let kind = if self.quirk == Quirk::OddCell { "Vault 17" } else { "Savings" };
        format!(
            "{out}<table id=accounts>
             <thead><tr><th>Type</th><th> Account </th><th>AVAILABLE</th></tr></thead>
             <tr><td>Checking</td><th><a href='#main'>Main</a></th><td>$1,200.50</td></tr>
             <tr><td>{kind}</td><th><a href='#spare'>Spare</a></th><td></td></tr></table>"
        )
    }

    fn account(&self, index: usize, page: usize) -> String {
        let last = if self.quirk == Quirk::Endless { usize::MAX } else { 3 - index * 2 };
        let (currency, sign) =
            if self.quirk == Quirk::Euros { ("<dt>Currency</dt><dd>EUR</dd>", "€") } else { ("", "$") };
        let next = if page >= last && self.quirk == Quirk::NoNext { "other" } else { "next" };
        let disabled = if page >= last { "disabled" } else { "" };
        let pending = match page {
            1 => "<tr><td>Pending</td><td>COFFEE</td><td>-4.50</td><td></td><td>Card</td><td></td></tr>",
            _ => "",
        };
        // The year isn't shown; the day of the run is in January.
        let way = if self.quirk == Quirk::OddRow && (index, page) == (0, 2) { "owl 17" } else { "ach" };
        let rows = [("01/10", "A  B<br>C"), ("12/30", "Rent &amp; heat")].map(|(date, words)| {
            let amount = format!("({sign}1,000.00)</td><td>R{page}");
            format!(
                "<tr><td>{date}</td><td> {words} {page}</td><td>{amount}</td><td>{way}</td><td>{sign}1.00</td></tr>"
            )
        });
        let balance = match self.quirk {
            Quirk::OddAccount if index == 1 => "Jane",
            _ => "Balance",
        };
        let count = match self.quirk {
            Quirk::NoCount => "",
            Quirk::OddCount => "1 to 3 of many rows",
            _ => "1 to 3 of 1,207 rows",
        };
        format!(
            "<a id=back href='back'>Back</a><p>Turned {} times</p>
             <dl id=details><dt>Account number</dt><dd>00{index}77</dd><dt>Current balance</dt><dd>{sign}1,000.00</dd>{currency}</dl>
             <p id=as-of>As of Jan 14, 2026</p><p id=count>{count}</p>
             <table id=rows><tr><th>Date<th>Description<th>Amount<th>Reference<th>Type<th>{balance}</tr>
             {pending}<tr class=month><td colspan=6>Month</td></tr>{}</table>
             <button id={next} {disabled}>Next</button>",
            self.turns,
            rows.concat(),
        )
    }
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|_| panic!("{css} isn't a selector"))
}

/// What stands in each part of a region.
fn texts(document: &Html, region: &[String]) -> Vec<String> {
    region.iter().map(|css| text(document, css)).collect()
}

fn text(document: &Html, css: &str) -> String {
    document.select(&selector(css)).flat_map(|element| element.text()).collect()
}

fn holds(document: &Html, condition: &Condition) -> bool {
    let shown = |css: &str| document.select(&selector(css)).any(|element| element.attr("hidden").is_none());
    match condition {
        Condition::Visible(css) => shown(css),
        Condition::Absent(css) => !shown(css),
        Condition::Text { within, contains } => {
            text(document, within).to_lowercase().contains(&contains.to_lowercase())
        }
        Condition::Url(part) => "https://bank.example/somewhere".contains(part),
    }
}
