//! What is wrong with a script: always a list, each entry with its place and, where
//! there is one, a hint. A [`Diagnostics`] shows itself with excerpts for people and
//! serializes for programs.
//!
//! Not here: how each is mended (`explain`), or what a portal answers, which is a [`Failure`](domain::failure::Failure).

use std::fmt::Write as _;

use domain::failure::FailureCode;
use serde::{Serialize, Serializer};

/// How many diagnostics one script gets at most.
const DIAGNOSTICS_LIMIT: usize = 100;

/// How many characters of a line an excerpt shows.
const EXCERPT_CHARS: usize = 160;

macro_rules! codes {
    ($( $(#[doc = $meaning:literal])+ $variant:ident = $code:literal ),+ $(,)?) => {
        /// What kind of fault it is, as a dotted code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum DiagnosticCode {
            $( $(#[doc = $meaning])+ $variant ),+
        }

        impl DiagnosticCode {
            /// Every code, in the order in which they are explained.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it means, as its comment in the code says.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+).trim_ascii()),+ }
            }
        }
    };
}

codes! {
    /// A key that the language hasn't got here.
    KeyUnknown = "key.unknown",
    /// A key that has to be there, and isn't.
    KeyMissing = "key.missing",
    /// A key that stands twice.
    KeyDuplicate = "key.duplicate",
    /// Keys that can't stand together, or one that stands where it has no meaning.
    KeyConflict = "key.conflict",
    /// A value of another kind than is wanted, such as a list in place of a text, or none.
    ValueType = "value.type",
    /// A text that isn't of the form that is wanted.
    ValueMalformed = "value.malformed",
    /// A word outside of a closed list.
    WordUnknown = "word.unknown",
    /// A text that isn't a CSS selector, or is one that only a browser understands.
    SelectorMalformed = "selector.malformed",
    /// The name of a page that the script doesn't have.
    PageUnknown = "page.unknown",
    /// A page with nothing to do, to say or to read.
    PageMeaningless = "page.meaningless",
    /// No page says that the sign-in worked.
    GoalMissing = "goal.missing",
    /// A page is read that nothing leads to, or nothing leads back from.
    WayMissing = "way.missing",
    /// Answers are captured, and nothing in their address says of which account they are.
    AccountMissing = "account.missing",
    /// A way to a page that isn't read.
    WayNeedless = "way.needless",
    /// A submit that isn't marked as the effect that it is.
    EffectMissing = "effect.missing",
    /// An effect with steps after it.
    EffectMisplaced = "effect.misplaced",
    /// A popup that is closed in a script that follows none, or with steps after it; or popups that are followed
    /// beside answers that are captured.
    PopupMisplaced = "popup.misplaced",
    /// A script in another version of the language.
    VersionUnknown = "version.unknown",
    /// The catalog record, its folder and the script beside it say different things.
    RecordDiffers = "record.differs",
    /// A text that isn't YAML, or YAML that the language has no use for.
    YamlSyntax = "yaml.syntax",
    /// A script of more than 256 KiB.
    SourceTooLarge = "source.tooLarge",
}

impl std::str::FromStr for DiagnosticCode {
    type Err = UnknownCode;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().find(|known| known.as_str() == code);
        found.copied().ok_or_else(|| match code.parse::<FailureCode>() {
            Ok(code) => UnknownCode::Failure(code),
            Err(_) => UnknownCode::Nothing(nearest(code, Self::ALL.iter().map(|known| known.as_str()))),
        })
    }
}

/// Not the code of any fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnknownCode {
    /// It says how a run failed.
    Failure(FailureCode),
    /// Nothing has it; one that is like it.
    Nothing(Option<String>),
}

impl std::fmt::Display for UnknownCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failure(code) => {
                write!(
                    formatter,
                    "`{code}` says how a run failed, and is no fault that `agent check` finds in a script"
                )
            }
            Self::Nothing(Some(hint)) => write!(formatter, "no fault of a script has that code; {hint}"),
            Self::Nothing(None) => {
                formatter.write_str("no fault of a script has that code; `agent explain` lists them all")
            }
        }
    }
}

impl std::error::Error for UnknownCode {}

impl Serialize for DiagnosticCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Where something stands in a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
}

/// One fault of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// What kind of fault it is.
    pub code: DiagnosticCode,
    /// What is wrong, for people.
    pub message: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: DiagnosticCode, at: Position, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), line: at.line, column: at.column, hint: None }
    }

    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }

    fn render(&self, name: &str, line: Option<&str>, out: &mut impl std::fmt::Write) -> std::fmt::Result {
        let Self { code, message, line: number, column, hint } = self;
        writeln!(out, "error[{}]: {message}", code.as_str())?;
        writeln!(out, "  --> {name}:{number}:{column}")?;
        if let Some(line) = line {
            // A long line is shown around the place, so that the mark stays on a terminal.
            let skipped = column.saturating_sub(EXCERPT_CHARS / 2 + 1);
            let shown: String = line.chars().skip(skipped).take(EXCERPT_CHARS).collect();
            let shown = shown.replace(|c: char| c.is_control(), " ");
            let gutter = number.to_string();
            let empty = " ".repeat(gutter.len());
            writeln!(out, " {empty} |")?;
            writeln!(out, " {gutter} | {shown}")?;
            writeln!(out, " {empty} | {}^", " ".repeat(column.saturating_sub(skipped + 1)))?;
        }
        if let Some(hint) = hint {
            writeln!(out, "hint: {hint}")?;
        }
        Ok(())
    }
}

/// All faults of one script, in the order of the document.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    source: String,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn new(source: &str, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        list.truncate(DIAGNOSTICS_LIMIT);
        Self { source: source.to_owned(), list }
    }

    /// The faults, in the order of the document.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The codes of the faults, each once, in the order of the document.
    #[must_use]
    pub fn codes(&self) -> Vec<DiagnosticCode> {
        let mut codes = Vec::new();
        for Diagnostic { code, .. } in &self.list {
            if !codes.contains(code) {
                codes.push(*code);
            }
        }
        codes
    }

    /// All faults for people, each with the line it is about. `name` is what the
    /// script is called, usually its path.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        let mut text = String::new();
        for (index, diagnostic) in self.list.iter().enumerate() {
            if index > 0 {
                text.push('\n');
            }
            let line = diagnostic.line.checked_sub(1).and_then(|above| self.source.lines().nth(above));
            // Writing to a String can't fail.
            let _ = diagnostic.render(name, line, &mut text);
        }
        let _ = write!(text, "\n{} in {name}\n", count(self.list.len()));
        text
    }
}

fn count(faults: usize) -> String {
    match faults {
        1 => "1 fault".into(),
        _ => format!("{faults} faults"),
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Diagnostics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(serializer)
    }
}

impl std::fmt::Display for Diagnostics {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.render("script.yaml"))
    }
}

impl std::error::Error for Diagnostics {}

/// The known word nearest to `word`, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

/// How many letters have to be put in, taken out or exchanged.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().take(64).enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        let mut next = vec![left];
        for (above, candidate) in row.iter().skip(1).zip(&other) {
            let exchanged = diagonal + usize::from(letter != *candidate);
            diagonal = *above;
            left = exchanged.min(left + 1).min(above + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Diagnostic, DiagnosticCode, Diagnostics, Position, nearest};

    #[test]
    fn a_word_is_proposed_only_when_it_is_near() {
        let check = |word: &str, expected: Option<&str>| {
            let expected = expected.map(|word| format!("did you mean `{word}`?"));
            assert_eq!(nearest(word, ["visible", "absent", "text", "url"]), expected, "{word}");
        };
        check("visble", Some("visible"));
        check("Visible", Some("visible"));
        check("ulr", None);
        check("uri", Some("url"));
        check("something", None);
        check("", None);
    }

    #[test]
    fn an_excerpt_points_at_the_place_without_any_colour() {
        let at = Position { line: 2, column: 8 };
        let fault = Diagnostic::new(DiagnosticCode::PageUnknown, at, "there is no page `acount`")
            .with_hint(Some("did you mean `account`?".into()));
        let text = Diagnostics::new("reads:\n  on: acount\n", vec![fault]).render("a.yaml");
        let expected = "error[page.unknown]: there is no page `acount`
  --> a.yaml:2:8
   |
 2 |   on: acount
   |        ^
hint: did you mean `account`?

1 fault in a.yaml
";
        assert_eq!(text, expected);
    }
}
