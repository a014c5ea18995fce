//! A terminal that one program sits at: keys are pressed at it, Ctrl-C among them, and it shows what the program says.
//!
//! Not here: programs that are started with pipes (`programs`).

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::process::{Child, Command};

use crate::patience::{eventually, patience};

/// What Ctrl-C is at a terminal.
pub const CTRL_C: &str = "\u{3}";

/// How large it is, in signs.
const SIZE: Winsize = Winsize { ws_row: 40, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };

/// A terminal and its program.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: Screen,
    reader: JoinHandle<()>,
}

/// All that was shown so far.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    fn show(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }
}

impl Terminal {
    /// Starts a program, by its arguments and what its environment has beside this process's, at a terminal of its own, whose
    /// foreground it is.
    ///
    /// # Errors
    /// What the system says when there is no terminal, or no program.
    pub fn start(program: &Command) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let theirs = ioctl_tiocgptpeer(&ours, flags)?;
        tcsetwinsize(&theirs, SIZE)?;
        let program = program.as_std();
        // It makes the terminal the program's own, and becomes the program.
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(program.get_program()).args(program.get_args());
        command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.stdin(Stdio::from(theirs.try_clone()?)).stdout(Stdio::from(theirs.try_clone()?));
        let child = command.stderr(Stdio::from(theirs)).kill_on_drop(true).spawn()?;
        let (keys, screen) = (File::from(ours), Screen::default());
        let (mut shown, onto) = (keys.try_clone()?, screen.clone());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // There is nothing to read any more, or an error, when nobody has the terminal open.
            while let Ok(count @ 1..) = shown.read(&mut bytes) {
                onto.show(&bytes[..count]);
            }
        });
        Ok(Self { child, keys, screen, reader })
    }

    /// Presses keys.
    ///
    /// # Errors
    /// What the system says when the terminal is gone.
    pub fn press(&mut self, keys: &str) -> io::Result<()> {
        self.keys.write_all(keys.as_bytes())
    }

    /// Waits until it shows these words; what comes behind them, to the end of their line.
    ///
    /// # Errors
    /// All that it shows, where it doesn't show them in time.
    pub async fn shows(&mut self, words: &str) -> Result<String, String> {
        let screen = self.screen.clone();
        let behind = async || {
            let text = screen.text();
            let (behind, _) = text.split_once(words)?.1.split_once('\n')?;
            Some(behind.trim_end().to_owned())
        };
        eventually(behind).await.ok_or_else(|| format!("{words} isn't shown: {}", self.screen.text()))
    }

    /// Waits until the program has ended: how it did, and all that the terminal showed.
    ///
    /// # Errors
    /// All that it shows, where it doesn't end in time.
    pub async fn ended(mut self) -> Result<(ExitStatus, String), String> {
        let ended = tokio::time::timeout(patience(), self.child.wait()).await;
        let heard = eventually(async || self.reader.is_finished().then_some(())).await;
        match (ended, heard) {
            (Ok(Ok(status)), Some(())) => Ok((status, self.screen.text())),
            _ => Err(format!("it doesn't end: {}", self.screen.text())),
        }
    }
}
