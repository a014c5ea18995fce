//! `agent new`: a folder for an institution, with a script that is sound, pages to try it on, and comments that teach.
//!
//! Not here: what the portal is like; the author says that in place of the examples.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use domain::anchor::{Loopback, PortalUrlError, normalize_portal_url};
use domain::money::{Currency, Locale};
use jiff::tz::TimeZone;
use script::{Script, record_schema, schema, yaml_text};
use url::Url;

use super::{WriteError, print, say};
use crate::cli::Exit;

/// What is made.
#[derive(Debug, Args)]
pub struct New {
    /// The folder. Its last part is the institution's id: lower-case letters, digits and `-`.
    folder: PathBuf,
    /// The bank's name, as its customers write it; made of the folder's name unless given.
    #[arg(long, value_parser = name)]
    name: Option<String>,
    /// Where customers sign in.
    #[arg(long, default_value = "https://portal.example/", value_parser = portal)]
    portal: Url,
    /// How the portal writes amounts.
    #[arg(long, default_value = "en-US")]
    locale: Locale,
    /// What amounts are in where an account doesn't say.
    #[arg(long, default_value = "USD", value_parser = currency)]
    currency: Currency,
    /// Where the portal's dates are dates.
    #[arg(long, default_value = "America/New_York", value_parser = time_zone)]
    timezone: String,
    /// What one signs in with.
    #[arg(long, value_enum, default_value = "password")]
    login: Login,
}

/// What one signs in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Login {
    /// A user name and a password.
    Password,
    /// Those, and then a code that the bank sends.
    #[value(name = "password+code")]
    PasswordAndCode,
}

/// The record, which asks for the credentials that the script fills in, and says whether the portal asks for more.
pub(super) fn asking(record: &str, source: &str) -> String {
    let Ok(script) = Script::parse(source) else { return record.to_owned() };
    let names: Vec<String> = script.credentials().iter().map(ToString::to_string).collect();
    let line = |line: &str| match line {
        line if line.starts_with("credentials:") => format!("credentials: [{}]\n", names.join(", ")),
        "mfa: none" if script.knows_challenges() => "mfa: always\n".to_owned(),
        line => format!("{line}\n"),
    };
    record.lines().map(line).collect()
}

/// Why no folder was made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// Its name is no id.
    #[error("`{0}`, the last part of the folder, can't be an institution's id")]
    NoId(String),
    /// Something is there already.
    #[error("{} is there already, and nothing is overwritten", .0.display())]
    Taken(PathBuf),
    /// A file can't be written.
    #[error("could not write {}", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A page to try the script on.
const PAGES: [(&str, &str); 5] = [
    ("pages/sign_in.html", include_str!("new/pages/sign_in.html")),
    ("pages/refused.html", include_str!("new/pages/refused.html")),
    ("pages/accounts.html", include_str!("new/pages/accounts.html")),
    ("pages/account.html", include_str!("new/pages/account.html")),
    ("pages/signed_out.html", include_str!("new/pages/signed_out.html")),
];
const CODE_PAGE: (&str, &str) = ("pages/code.html", include_str!("new/pages/code.html"));

const SCRIPT: &str = include_str!("new/script.yaml");
const CODE: &str = include_str!("new/code.yaml");
const RECORD: &str = include_str!("new/institution.yaml");
const NOTES: &str = include_str!("new/NOTES.md");

impl NewError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoId(_) => Some(
                "name the folder after the bank, in lower-case letters, digits and `-`, as in `agent new scripts/first-bank`",
            ),
            Self::Taken(_) => Some("name another folder, or move that one away"),
            Self::Unwritable { .. } | Self::Write(_) => None,
        }
    }
}

impl New {
    /// Makes the folder.
    ///
    /// # Errors
    /// When there is one, or it can't be written.
    pub fn obey(&self) -> Result<Exit, NewError> {
        let id = Self::id_of(&self.folder)?;
        let files = self.files(&id);
        self.make(&files)?;
        let folder = self.folder.display();
        print(&format!("{folder}\n"))?;
        let saved = files.iter().filter(|(name, _)| name.starts_with("pages/")).count();
        say(&format!(
            "It has a script for a bank of {saved} pages, and an example of each in pages/ to try it on.\n\
             next: agent check {folder}   what is wrong with it\n      \
             agent test {folder}    what it makes of the pages in pages/\n      \
             agent run {folder}     the real portal, from this terminal"
        ));
        Ok(Exit::Done)
    }

    /// One that is like what was found elsewhere. Of where it was found its address alone is kept, and that of a simulated
    /// portal is none that a bank could have.
    pub(super) fn like(
        folder: PathBuf,
        found_at: &Url,
        (locale, currency, timezone): (Locale, Currency, &str),
        login: Login,
    ) -> Self {
        let mut portal = found_at.clone();
        portal.set_query(None);
        portal.set_fragment(None);
        if portal.scheme() != "https"
            && let Ok(example) = Url::parse("https://portal.example/")
        {
            portal = example;
        }
        Self { folder, name: None, portal, locale, currency, timezone: timezone.to_owned(), login }
    }

    /// The id of the institution whose folder it is to be.
    pub(super) fn id_of(folder: &Path) -> Result<String, NewError> {
        // `.` has no name of its own.
        let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let id = whole.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        let is_id = id.len() <= 64
            && id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if is_id { Ok(id) } else { Err(NewError::NoId(id)) }
    }

    /// Makes the folder with these files in it.
    pub(super) fn make(&self, files: &[(impl AsRef<Path>, impl AsRef<[u8]>)]) -> Result<(), NewError> {
        make_folder(&self.folder)?;
        for (name, text) in files {
            let path = self.folder.join(name);
            let folder = path.parent().unwrap_or(&self.folder);
            let written = std::fs::create_dir_all(folder).and_then(|()| {
                let mut how = OpenOptions::new();
                how.write(true).create(true).truncate(true);
                // Pages may be a customer's: nobody but their owner reads them.
                if Path::new(name.as_ref()).starts_with("pages") {
                    how.mode(0o600);
                }
                how.open(&path)?.write_all(text.as_ref())
            });
            written.map_err(|source| NewError::Unwritable { path: path.clone(), source })?;
        }
        Ok(())
    }

    /// Each file with what is in it.
    pub(super) fn files(&self, id: &str) -> Vec<(&'static str, String)> {
        let has_code = self.login == Login::PasswordAndCode;
        let filled = |text: &str| {
            text.replace("{{code}}\n", if has_code { CODE } else { "" })
                .replace("{{id}}", id)
                .replace("{{name}}", &self.name.clone().unwrap_or_else(|| title(id)))
                .replace("{{quotedName}}", &yaml_text(self.name.as_deref().unwrap_or(&title(id))))
                .replace("{{portal}}", self.portal.as_str())
                .replace("{{locale}}", self.locale.as_str())
                .replace("{{currency}}", &self.currency.to_string())
                .replace("{{timezone}}", &self.timezone)
                .replace("{{mfa}}", if has_code { "always" } else { "none" })
        };
        let text = |schema| format!("{}\n", serde_json::to_string_pretty(&schema).unwrap_or_default());
        let mut files = vec![
            ("script.yaml", filled(SCRIPT)),
            ("institution.yaml", filled(RECORD)),
            ("NOTES.md", filled(NOTES)),
            ("script.schema.json", text(schema())),
            ("institution.schema.json", text(record_schema())),
        ];
        let code_page = has_code.then_some(CODE_PAGE);
        files.extend(PAGES.into_iter().chain(code_page).map(|(name, text)| (name, text.to_owned())));
        files
    }
}

/// Whether a saved page is one of the examples, as it was made.
pub(super) fn is_example(page: &Path) -> bool {
    let examples = PAGES.iter().chain([&CODE_PAGE]).filter(|(name, _)| Path::new(name).file_name() == page.file_name());
    let is_file = page.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file
        && examples.map(|(_, text)| *text).any(|text| std::fs::read(page).is_ok_and(|found| found == text.as_bytes()))
}

/// Makes a folder, or takes one that is empty.
pub(super) fn make_folder(folder: &Path) -> Result<(), NewError> {
    let unwritable = |source| NewError::Unwritable { path: folder.to_owned(), source };
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(NewError::Taken(folder.to_owned())),
            None => Ok(()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => std::fs::create_dir_all(folder).map_err(unwritable),
        Err(_) if folder.is_file() => Err(NewError::Taken(folder.to_owned())),
        Err(error) => Err(unwritable(error)),
    }
}

/// `first-example-bank` as a name.
fn title(id: &str) -> String {
    let words = id.split('-').filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

fn name(text: &str) -> Result<String, String> {
    let is_name = !text.trim().is_empty() && text.chars().count() <= 100 && !text.contains(char::is_control);
    is_name.then(|| text.trim().to_owned()).ok_or_else(|| "a name is one line of at most 100 characters".to_owned())
}

pub(super) fn portal(text: &str) -> Result<Url, String> {
    match normalize_portal_url(text, Loopback::Refused) {
        Ok(_) => Url::parse(text).map_err(|error| error.to_string()),
        Err(PortalUrlError::NotHttps) => {
            Err("a portal's address begins with `https://`; one on this machine is given to \
             `agent run` and `agent test` as their `--portal`"
                .to_owned())
        }
        Err(why) => Err(format!("a portal's address that {why}")),
    }
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|error| error.to_string())
}

fn time_zone(text: &str) -> Result<String, String> {
    match TimeZone::get(text) {
        Ok(_) if text == "UTC" || text.contains('/') => Ok(text.to_owned()),
        _ => Err("that isn't the name of a time zone, such as America/New_York".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use domain::institution::Institution;
    use script::{Script, format};

    use super::{New, asking};

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        new: New,
    }

    const NAME: &str = "Banque du Lac: \"Épargne\" & Cie";

    fn files(arguments: &[&str]) -> Vec<(&'static str, String)> {
        let line = Line::try_parse_from([&["new", "first-bank"], arguments].concat()).expect("arguments");
        line.new.files("first-bank")
    }

    #[test]
    fn a_record_says_that_its_portal_asks_for_more_where_the_script_has_a_page_for_it() {
        let record = "id: quay\nmfa: none\ncredentials: [bankUsername]\n";
        let page = "pages:\n  in:\n    when: { visible: form }\n    do:\n      - { fill: '#user', with: credentials.bankUsername }\n      - { click: button, effect: password }\n";
        let wait = "  wait:\n    when: { visible: '#wait' }\n    challenge: { kind: appApproval, prompt: '#wait' }\n";
        let head = "script: 1\ninstitution: quay\nlocale: en-US\ntimezone: America/New_York\ncurrency: USD\n";
        let rest = "  list:\n    when: { visible: '#list' }\n    goal: signed_in\nreads:\n  accounts:\n    on: list\n    table: '#list'\n    columns: { name: Account }\n    key: { attribute: id }\n";
        assert_eq!(asking(record, &format!("{head}{page}{rest}")), record);
        let asked = asking(record, &format!("{head}{page}{wait}{rest}"));
        assert_eq!(asked, record.replace("none", "always"));
    }

    #[test]
    fn what_is_made_is_sound_and_laid_out_whatever_was_asked_for() {
        for arguments in [
            &[][..],
            &["--login", "password+code"],
            &["--name", NAME],
            &[
                "--locale",
                "de-DE",
                "--currency",
                "EUR",
                "--timezone",
                "Europe/Berlin",
                "--portal",
                "https://b.example/x",
            ],
        ] {
            let files = files(arguments);
            let file = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_str());
            let source = file("script.yaml").expect("a script");
            let script = Script::parse(source).expect("a sound script");
            assert_eq!(script.institution(), "first-bank");
            assert_eq!(format(source).expect("a script"), source, "it is laid out");
            let record: Institution =
                serde_saphyr::from_str(file("institution.yaml").expect("a record")).expect("a record");
            let name = if arguments.contains(&"--name") { NAME } else { "First Bank" };
            assert_eq!((record.id.as_str(), record.name.as_str()), ("first-bank", name));
            let around = script::Around { folder: Some("first-bank"), script: Some(&script) };
            let faults = script::check_record(file("institution.yaml").expect("a record"), around).err();
            assert!(faults.is_none(), "{faults:?}");
            assert_eq!(record.credentials, script.credentials());
            assert!(files.iter().all(|(_, text)| !text.contains("{{")), "something wasn't filled in");
        }
    }

    #[test]
    fn what_the_script_couldnt_say_is_refused_before_anything_is_made() {
        for arguments in [
            ["--locale", "en_US"],
            ["--currency", "dollars"],
            ["--timezone", "EST"],
            ["--portal", "http://bank.example/"],
            ["--login", "fingerprint"],
        ] {
            let line = Line::try_parse_from([&["new", "first-bank"], &arguments[..]].concat());
            assert!(line.is_err(), "{arguments:?}");
        }
    }
}
