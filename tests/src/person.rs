//! People at real browsers, and a provider that vouches for them: Chromium, driven by Playwright, and oidc-provider, both
//! from npm, which `cargo xtask setup` puts into `.cache/console` as `tests/tools/console/package-lock.json` lists them.
//!
//! Not here: what people do; the tests say that.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::patience::patience;
use crate::programs::Program;
use crate::tools::top;

/// What couldn't be.
pub type Trouble = Box<dyn std::error::Error>;

/// A browser for several people, each with cookies of their own.
pub struct Browser(Mutex<Program>);

/// Somebody at a browser.
pub struct Person<'b> {
    browser: &'b Browser,
    name: String,
}

/// How somebody looks at pages.
#[derive(Clone, Copy, Default)]
pub struct Sight {
    /// Light on dark.
    pub dark: bool,
    /// On a phone.
    pub phone: bool,
    /// Without JavaScript.
    pub without_scripts: bool,
}

impl Browser {
    /// Starts a browser for the pages at an address.
    ///
    /// # Errors
    /// What is missing, with a hint.
    pub async fn start(address: &str) -> Result<Self, Trouble> {
        let mut command = node("browser")?;
        command.arg(chromium()?).arg(address).arg((patience() / 2).as_millis().to_string());
        let mut program = Program::start("browser", command)?;
        program.line().await?;
        Ok(Self(Mutex::new(program)))
    }

    /// Somebody new.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn person(&self, name: &str, sight: Sight) -> Result<Person<'_>, Trouble> {
        let Sight { dark, phone, without_scripts } = sight;
        self.tell(
            json!({ "what": "somebody", "who": name, "dark": dark, "phone": phone, "scripts": !without_scripts }),
        )
        .await?;
        Ok(Person { browser: self, name: name.to_owned() })
    }

    async fn tell(&self, what: Value) -> Result<Value, Trouble> {
        let mut program = self.0.lock().await;
        program.tell(&what.to_string()).await?;
        let answer: Value = serde_json::from_str(&program.line().await?)?;
        match answer["failed"].as_str() {
            Some(failed) => Err(failed.to_owned().into()),
            None => Ok(answer["done"].clone()),
        }
    }
}

/// An OpenID provider that runs for a test.
pub struct Provider {
    program: Mutex<Program>,
    issuer: String,
}

impl Provider {
    /// Starts one that vouches for nobody yet.
    ///
    /// # Errors
    /// What is missing, with a hint.
    pub async fn start() -> Result<Self, Trouble> {
        let mut program = Program::start("provider", node("provider")?)?;
        let said: Value = serde_json::from_str(&program.line().await?)?;
        let issuer = said["issuer"].as_str().unwrap_or_default().to_owned();
        Ok(Self { program: Mutex::new(program), issuer })
    }

    /// Its name for itself.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Has it vouch for people, by the names that they type, and send them back to an address.
    ///
    /// # Errors
    /// What it says.
    pub async fn vouches(&self, callback: &str, groups: &Value) -> Result<(), Trouble> {
        let mut program = self.program.lock().await;
        program.tell(&json!({ "callback": callback, "groups": groups }).to_string()).await?;
        program.line().await.map(|_| ()).map_err(Into::into)
    }
}

impl Person<'_> {
    /// Has the browser do something.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn does(&self, what: &str, with: Value) -> Result<Value, Trouble> {
        let mut told = json!({ "what": what, "who": self.name });
        for (name, value) in with.as_object().into_iter().flatten() {
            told[name] = value.clone();
        }
        self.browser.tell(told).await
    }

    /// Opens a page; its status.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn opens(&self, path: &str) -> Result<u64, Trouble> {
        Ok(self.does("open", json!({ "path": path })).await?["status"].as_u64().unwrap_or_default())
    }

    /// Types into a field.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn fills(&self, on: &str, value: &str) -> Result<(), Trouble> {
        self.does("fill", json!({ "on": on, "value": value })).await.map(|_| ())
    }

    /// Clicks on something.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn clicks(&self, on: &str) -> Result<(), Trouble> {
        self.does("click", json!({ "on": on })).await.map(|_| ())
    }

    /// Waits until something is there that says `text`; all that it says.
    ///
    /// # Errors
    /// If it doesn't come in time.
    pub async fn sees(&self, on: &str, text: &str) -> Result<String, Trouble> {
        let seen = self.does("see", json!({ "on": on, "text": text })).await?;
        Ok(seen["text"].as_str().unwrap_or_default().to_owned())
    }

    /// Signs in, and waits for the page that comes then.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn signs_in(&self, login: &str, password: &str) -> Result<(), Trouble> {
        self.opens("/console").await?;
        self.fills("[name=login]", login).await?;
        self.fills("[name=password]", password).await?;
        self.clicks("button.primary").await?;
        self.sees("h1", "Overview").await.map(|_| ())
    }

    /// What the page complained of since it was last asked: errors, and breaches of its own policy.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn complaints(&self) -> Result<Vec<String>, Trouble> {
        let said = self.does("complaints", json!({})).await?;
        Ok(serde_json::from_value(said["complaints"].clone())?)
    }

    /// What axe finds on the page that keeps people out, of what it calls serious or critical.
    ///
    /// # Errors
    /// What the browser says.
    pub async fn barriers(&self) -> Result<Vec<String>, Trouble> {
        let found = self.does("axe", json!({})).await?;
        Ok(serde_json::from_value(found["found"].clone())?)
    }
}

/// One of the programs of `tests/tools/console`, beside the packages that it needs.
///
/// # Errors
/// What is missing, with a hint.
pub fn node(name: &str) -> Result<Command, Trouble> {
    let folder = installed()?;
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/console").join(format!("{name}.mjs"));
    // Where it finds the packages. Written anew, in one piece: tests do so at once.
    let beside = folder.join(format!("{name}-{}.mjs", std::process::id()));
    std::fs::copy(program, &beside)?;
    let mut command = Command::new("node");
    command.arg(beside);
    Ok(command)
}

/// The folder with what npm has, if it was filled from the list as it is now.
fn installed() -> Result<PathBuf, Trouble> {
    let folder = top().join(".cache/console");
    let read = |path: PathBuf| std::fs::read(path).ok();
    let wanted = read(top().join("tests/tools/console/package-lock.json"));
    if wanted.is_some() && wanted == read(folder.join("filled-with")) {
        return Ok(folder);
    }
    Err("what tests/tools/console/package.json lists isn't in .cache/console\nhint: `cargo xtask setup` installs it"
        .into())
}

fn chromium() -> Result<PathBuf, Trouble> {
    let names = ["chromium-headless-shell", "chromium", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = names.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    let none = "no Chromium is on the path\nhint: `cargo xtask setup` installs it";
    found.find(|file| file.is_file()).ok_or_else(|| none.into())
}
