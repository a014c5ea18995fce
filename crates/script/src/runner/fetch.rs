//! Asking for a file while an account is read. What goes wrong with it isn't the run's failure: the
//! table is read in its place, if need be on the page that it was asked for on, opened anew.
//!
//! Not here: which file is asked for, and what is made of it (`files`).

use domain::failure::FailureCode;

use super::{Awaiting, Phase, Runner, Seen};
use crate::command::{Command, Download, NoFile, Observation, Told};

impl Runner {
    /// Takes what there is to tell of files since it was taken last.
    pub fn told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn fetch(&mut self, download: Download, seen: Seen) -> Command {
        self.came_again = false;
        self.awaiting = Awaiting::Fetched(Box::new(seen));
        Command::Download(download)
    }

    /// What came of it. Whichever page shows then counts at once.
    pub(super) fn fetched(&mut self, seen: Seen, observation: Observation) -> Command {
        let Phase::Reading(walk) = &mut self.phase else {
            return self.watch();
        };
        self.acted = None;
        let why = match &observation {
            Observation::Downloaded(bytes) => {
                walk.file(bytes);
                self.told.extend(walk.tell());
                return self.watch();
            }
            // Without the browser some forms can't be sent, and in it they may.
            Observation::Stuck { .. } if self.lean.is_on() => {
                return self.return_to_browser(FailureCode::ElementMissing);
            }
            Observation::Stuck { target, problem, .. } => {
                format!("what asks for it can't be acted on: {problem:?} `{target}`")
            }
            Observation::Unreachable(trouble) => format!("it can't be reached: {trouble:?}"),
            Observation::NoFile(why) => why.text().to_owned(),
            _ => NoFile::None.text().to_owned(),
        };
        walk.no_file(&why);
        self.told.extend(walk.tell());
        if matches!(observation, Observation::NoFile(NoFile::Page)) {
            // What it says stands where the table was.
            self.awaiting = Awaiting::Visited;
            return Command::Visit(seen.url);
        }
        self.watch()
    }
}
