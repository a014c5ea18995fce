//! What became of the mutants: a row for each, in the form of the benches' (`bench/src/rows.rs`),
//! as a table for people or as one JSON list.
//!
//! Not here: finding it out. The JSON is written by hand, as this crate is to stay small.

use super::list::Mutant;

/// What became of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its test failed.
    Found,
    /// Its test ran out of time, as it has leave to.
    FoundByTime,
    /// Its test passed.
    Survived,
    /// Its test ran out of time, which says nothing.
    Hung,
    /// It is no program.
    DoesNotBuild,
    /// There is no such test, or it ended without a word.
    NoVerdict,
    /// Its test fails without it.
    FailsAsItIs,
    /// Its text is so often in its file.
    NotOnce(usize),
    /// It wasn't tried, and its text is where it should be.
    Listed,
}

/// One mutant with what became of it.
pub(crate) struct Row {
    mutant: Mutant,
    outcome: Outcome,
    seconds: f64,
}

impl Row {
    pub(crate) fn new(mutant: &Mutant, outcome: Outcome, seconds: f64) -> Self {
        Self { mutant: *mutant, outcome, seconds }
    }

    /// Whether the guard is held by its test, as far as was looked.
    pub(crate) fn holds(&self) -> bool {
        matches!(self.outcome, Outcome::Found | Outcome::FoundByTime | Outcome::Listed)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.seconds
    }

    /// In words.
    pub(crate) fn outcome(&self) -> String {
        match self.outcome {
            Outcome::Found => "found".into(),
            Outcome::FoundByTime => "found: timed out".into(),
            Outcome::Survived => "SURVIVED".into(),
            Outcome::Hung => "TIMED OUT".into(),
            Outcome::DoesNotBuild => "DOESN'T BUILD".into(),
            Outcome::NoVerdict => "NO VERDICT".into(),
            Outcome::FailsAsItIs => "FAILS WITHOUT IT".into(),
            Outcome::NotOnce(count) => format!("TEXT IS THERE {count} TIMES"),
            Outcome::Listed => "listed".into(),
        }
    }

    fn to_json(&self) -> String {
        let is_found = matches!(self.outcome, Outcome::Found | Outcome::FoundByTime);
        // Nothing is said of what wasn't tried.
        let holds = if self.outcome == Outcome::Listed { "null".into() } else { self.holds().to_string() };
        format!(
            "  {{\"name\": {}, \"value\": {}, \"unit\": \"found\", \"peer\": null, \"peerValue\": null, \
             \"ratio\": null, \"bar\": \"found\", \"holds\": {holds}}}",
            quoted(self.mutant.guard),
            u8::from(is_found),
        )
    }

    fn cells(&self) -> [String; 5] {
        let Mutant { guard, file, test, .. } = self.mutant;
        [guard.into(), file.into(), test.into(), self.outcome(), format!("{:.0}", self.seconds)]
    }
}

/// Prints the rows as one JSON list.
pub(crate) fn print_json(rows: &[Row]) {
    println!("[\n{}\n]", rows.iter().map(Row::to_json).collect::<Vec<_>>().join(",\n"));
}

/// Prints the rows as a table.
pub(crate) fn print_table(rows: &[Row]) {
    let headers = ["GUARD", "FILE", "TEST", "OUTCOME", "SECONDS"].map(String::from);
    let lines: Vec<[String; 5]> = std::iter::once(headers).chain(rows.iter().map(Row::cells)).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    for line in &lines {
        let cells = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_text_is_quoted_as_json_has_it() {
        assert_eq!(quoted("a „run“"), "\"a „run“\"");
        assert_eq!(quoted("\"\\\n"), "\"\\\"\\\\\\u000a\"");
    }
}
