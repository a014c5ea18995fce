//! Where an author's credentials come from: a file that nobody else can read, the environment, or the terminal.
//!
//! Not here: keeping them. They are gone when the run ends.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use domain::institution::CredentialName;
use domain::secret::Secret;
use script::Script;
use serde::Deserialize;

use super::is_attended;

/// The credentials of one user.
pub(crate) type Credentials = BTreeMap<CredentialName, Secret>;

/// Why credentials aren't there.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file can't be read.
    #[error("could not read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read the file.
    #[error("{} can be read by others", .0.display())]
    Open(PathBuf),
    /// The file isn't what it should be. What is in it isn't said.
    #[error("{} isn't a JSON map of credentials", .0.display())]
    NoMap(PathBuf),
    /// One of them is no text. Its name is one that is known, and so no secret.
    #[error("`{name}` in {} isn't a text", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// Which.
        name: CredentialName,
    },
    /// One of them is empty.
    #[error("the credential `{0}` is empty, and nothing was sent")]
    Empty(CredentialName),
    /// Nobody gave it, and nobody can be asked.
    #[error("the credential `{0}` was never given")]
    Missing(CredentialName),
    /// The terminal can't be read.
    #[error("could not read from the terminal")]
    Terminal(#[source] io::Error),
}

impl CredentialsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Open(_) => Some("`chmod 600` it"),
            Self::NoMap(_) => Some(r#"write {"bankUsername": "…", "password": "…"}"#),
            Self::NoText { .. } => Some("write it in quotes: a number would lose its noughts"),
            Self::Empty(_) => Some("write it into the file, or take it out there to be asked"),
            Self::Missing(_) => Some(
                "use --credentials FILE, set BURSAR_CREDENTIAL_BANK_USERNAME and the like, or run it in a terminal to be asked",
            ),
            Self::Unreadable { .. } | Self::Terminal(_) => None,
        }
    }
}

/// What a file may say; the lines that `fixtures serve` prints are such files too.
#[derive(Deserialize)]
struct File {
    #[serde(flatten)]
    all: BTreeMap<String, Value>,
}

/// A value of the file, secret or of no interest.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(Secret),
    Other(serde::de::IgnoredAny),
}

/// Every credential that the script fills in.
pub(crate) fn gather(script: &Script, file: Option<&Path>) -> Result<Credentials, CredentialsError> {
    let mut given = match file {
        Some(path) => read(path)?,
        None => BTreeMap::new(),
    };
    let mut credentials = Credentials::new();
    for name in script.credentials() {
        let from_file = given.remove(name.as_str()).or_else(|| match name {
            CredentialName::BankUsername => given.remove("username"),
            CredentialName::BankCustomerId => given.remove("customerNumber").or_else(|| given.remove("branchNumber")),
            _ => None,
        });
        let from_file = match (from_file, file) {
            (Some(None), Some(path)) => return Err(CredentialsError::NoText { path: path.to_owned(), name }),
            (from_file, _) => from_file.flatten(),
        };
        let secret = match from_file.or_else(|| from_environment(name)) {
            Some(secret) => secret,
            None if is_attended() => asked(name)?,
            None => return Err(CredentialsError::Missing(name)),
        };
        if secret.expose().is_empty() {
            return Err(CredentialsError::Empty(name));
        }
        credentials.insert(name, secret);
    }
    Ok(credentials)
}

/// What the texts of a file are, as far as they are typed into a sign-in.
pub(crate) fn typed(path: &Path) -> Result<Vec<(script::recording::Value, Secret)>, CredentialsError> {
    use script::recording::Value::{Customer, Password, Username};
    let value = |name: &str| match name {
        "bankUsername" | "username" => Some(Username),
        "bankCustomerId" | "customerNumber" | "branchNumber" => Some(Customer),
        "password" => Some(Password),
        _ => None,
    };
    Ok(read(path)?.into_iter().filter_map(|(name, secret)| Some((value(&name)?, secret?))).collect())
}

/// The texts of a file that only its owner can read; none of what is no text.
fn read(path: &Path) -> Result<BTreeMap<String, Option<Secret>>, CredentialsError> {
    let unreadable = |source| CredentialsError::Unreadable { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(CredentialsError::Open(path.to_owned()));
    }
    let text = Secret::new(std::fs::read_to_string(path).map_err(unreadable)?);
    let File { all } = serde_json::from_str(text.expose().trim_start_matches('\u{feff}'))
        .map_err(|_| CredentialsError::NoMap(path.to_owned()))?;
    let texts = all.into_iter().map(|(name, value)| match value {
        Value::Text(secret) => (name, Some(secret)),
        Value::Other(_) => (name, None),
    });
    Ok(texts.collect())
}

fn from_environment(name: CredentialName) -> Option<Secret> {
    std::env::var(variable(name)).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

/// `bankUsername` as `BURSAR_CREDENTIAL_BANK_USERNAME`.
fn variable(name: CredentialName) -> String {
    let mut variable = String::from("BURSAR_CREDENTIAL_");
    for letter in name.as_str().chars() {
        if letter.is_ascii_uppercase() {
            variable.push('_');
        }
        variable.push(letter.to_ascii_uppercase());
    }
    variable
}

/// Asks on the terminal; what is typed isn't shown.
fn asked(name: CredentialName) -> Result<Secret, CredentialsError> {
    let typed = rpassword::prompt_password(format!("{name}: ")).map_err(CredentialsError::Terminal)?;
    Ok(Secret::new(typed))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use domain::institution::CredentialName;

    use super::{CredentialsError, read, variable};

    fn file(text: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.json");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        (folder, path)
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        for mode in [0o644, 0o640, 0o604] {
            let (_folder, path) = file(r#"{"password": "x"}"#, mode);
            assert!(matches!(read(&path), Err(CredentialsError::Open(_))), "{mode:o}");
        }
        let (_folder, path) = file(r#"{"password": "x", "port": 4000, "answers": ["a"]}"#, 0o600);
        let read = read(&path).expect("credentials");
        let texts: Vec<_> = read.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name.as_str()).collect();
        assert_eq!((texts.as_slice(), read.len()), (&["password"][..], 3));
    }

    #[test]
    fn what_is_wrong_with_a_file_never_repeats_what_is_in_it() {
        let (_folder, path) = file("canary-7781: x", 0o600);
        let said = format!("{:?}", read(&path).expect_err("no JSON"));
        assert!(!said.contains("canary"), "{said}");
    }

    #[test]
    fn variables_are_named_after_credentials() {
        assert_eq!(variable(CredentialName::BankUsername), "BURSAR_CREDENTIAL_BANK_USERNAME");
        assert_eq!(variable(CredentialName::Password), "BURSAR_CREDENTIAL_PASSWORD");
    }
}
