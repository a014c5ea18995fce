//! The names of months, in the languages that portals are written in.
//!
//! Not here: which of them a pattern asks for.

use crate::word::words;

words! {
    /// A language that months are named in.
    pub enum Language {
        /// English
        English = "en",
        /// German
        German = "de",
        /// French
        French = "fr",
        /// Spanish
        Spanish = "es",
        /// Italian
        Italian = "it",
        /// Dutch
        Dutch = "nl",
        /// Portuguese
        Portuguese = "pt",
    }
}

/// A month's name in full, then the short ones, in lower case and without dots.
type Names = &'static [&'static str];

impl Language {
    /// The months' names, January first.
    const fn months(self) -> &'static [Names; 12] {
        match self {
            Self::English => &[
                &["january", "jan"],
                &["february", "feb"],
                &["march", "mar"],
                &["april", "apr"],
                &["may", "may"],
                &["june", "jun"],
                &["july", "jul"],
                &["august", "aug"],
                &["september", "sep", "sept"],
                &["october", "oct"],
                &["november", "nov"],
                &["december", "dec"],
            ],
            Self::German => &[
                &["januar", "jan"],
                &["februar", "feb"],
                &["märz", "mär", "mrz"],
                &["april", "apr"],
                &["mai", "mai"],
                &["juni", "jun"],
                &["juli", "jul"],
                &["august", "aug"],
                &["september", "sep", "sept"],
                &["oktober", "okt"],
                &["november", "nov"],
                &["dezember", "dez"],
            ],
            Self::French => &[
                &["janvier", "janv"],
                &["février", "févr"],
                &["mars", "mars"],
                &["avril", "avr"],
                &["mai", "mai"],
                &["juin", "juin"],
                &["juillet", "juil"],
                &["août", "août"],
                &["septembre", "sept"],
                &["octobre", "oct"],
                &["novembre", "nov"],
                &["décembre", "déc"],
            ],
            Self::Spanish => &[
                &["enero", "ene"],
                &["febrero", "feb"],
                &["marzo", "mar"],
                &["abril", "abr"],
                &["mayo", "may"],
                &["junio", "jun"],
                &["julio", "jul"],
                &["agosto", "ago"],
                &["septiembre", "sep", "sept"],
                &["octubre", "oct"],
                &["noviembre", "nov"],
                &["diciembre", "dic"],
            ],
            Self::Italian => &[
                &["gennaio", "gen"],
                &["febbraio", "feb"],
                &["marzo", "mar"],
                &["aprile", "apr"],
                &["maggio", "mag"],
                &["giugno", "giu"],
                &["luglio", "lug"],
                &["agosto", "ago"],
                &["settembre", "set"],
                &["ottobre", "ott"],
                &["novembre", "nov"],
                &["dicembre", "dic"],
            ],
            Self::Dutch => &[
                &["januari", "jan"],
                &["februari", "feb"],
                &["maart", "mrt"],
                &["april", "apr"],
                &["mei", "mei"],
                &["juni", "jun"],
                &["juli", "jul"],
                &["augustus", "aug"],
                &["september", "sep", "sept"],
                &["oktober", "okt"],
                &["november", "nov"],
                &["december", "dec"],
            ],
            Self::Portuguese => &[
                &["janeiro", "jan"],
                &["fevereiro", "fev"],
                &["março", "mar"],
                &["abril", "abr"],
                &["maio", "mai"],
                &["junho", "jun"],
                &["julho", "jul"],
                &["agosto", "ago"],
                &["setembro", "set"],
                &["outubro", "out"],
                &["novembro", "nov"],
                &["dezembro", "dez"],
            ],
        }
    }

    /// The month of that name in full, in lower case.
    pub(super) fn month(self, name: &str) -> Option<i8> {
        self.find(|names| names.first() == Some(&name))
    }

    /// The month of that short name, in lower case and without a dot.
    pub(super) fn short_month(self, name: &str) -> Option<i8> {
        self.find(|names| names.iter().skip(1).any(|short| *short == name))
    }

    /// The name in full of a month from 1 to 12, as it is written within a date.
    pub(super) fn name(self, month: i8) -> String {
        self.written(month, 0)
    }

    /// The short name of a month from 1 to 12, without a dot.
    pub(super) fn short_name(self, month: i8) -> String {
        self.written(month, 1)
    }

    fn written(self, month: i8, which: usize) -> String {
        let index = usize::try_from(month - 1).ok();
        let name = index.and_then(|index| self.months().get(index)?.get(which)).copied().unwrap_or_default();
        let mut letters = name.chars();
        match (self, letters.next()) {
            (Self::English | Self::German, Some(first)) => first.to_uppercase().chain(letters).collect(),
            _ => name.to_owned(),
        }
    }

    fn find(self, is_it: impl Fn(Names) -> bool) -> Option<i8> {
        let index = self.months().iter().position(|names| is_it(names))?;
        i8::try_from(index + 1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn no_name_means_two_months() {
        for language in Language::ALL {
            for (index, names) in language.months().iter().enumerate() {
                let month = i8::try_from(index + 1).ok();
                assert_eq!(language.month(names[0]), month, "{language}");
                assert!(names.len() > 1, "{language} has a short name for each");
                for short in &names[1..] {
                    assert_eq!(language.short_month(short), month, "{short} in {language}");
                    assert!(short.chars().all(|letter| letter.is_alphabetic() && letter.is_lowercase()));
                }
            }
        }
    }
}
