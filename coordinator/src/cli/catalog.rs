//! `coordinator catalog check|pack|new-key`: what a catalog has, and a catalog as one file that its author signs.
//!
//! Not here: what a bundle is (`catalog`), or having a coordinator read its catalog again (`coordinator script reload`).

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use minisign::{KeyPair, SecretKey, SecretKeyBox};
use serde_json::{Value, json};

use super::{CommandError, password, print_table};
use crate::catalog::{Catalog, Files, SIGNATURE, Wanted, packed, signed};
use crate::config::Config;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Say which institutions and scripts a catalog has; exits with 2 if anything of it can't be used.
    Check {
        /// A folder; what the settings name unless given.
        folder: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Pack a folder as a bundle: records, scripts and notes, none of the pages.
    Pack {
        /// The folder with one folder an institution.
        folder: PathBuf,
        /// The bundle; its signature is put beside it.
        #[arg(long, value_name = "FILE")]
        into: PathBuf,
        /// The secret key, as `coordinator catalog new-key` or minisign makes them; without one nothing is signed, and
        /// `minisign -S -m FILE` does that elsewhere. Its password is asked for, or read from stdin.
        #[arg(long, value_name = "FILE", env = "BURSAR_CATALOG_KEY")]
        key: Option<PathBuf>,
        /// What is said of this bundle, and signed with it.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Make a pair of keys for signing: `FILE`, which is secret, and `FILE.pub` for `catalog.bundle_keys`.
    NewKey {
        /// The secret key.
        file: PathBuf,
        /// Leave it without a password, which is asked for otherwise, or read from stdin.
        #[arg(long)]
        no_password: bool,
    },
}

impl Command {
    pub(super) async fn run(self, config: &Config) -> Result<(), CommandError> {
        match self {
            Self::Check { folder, json } => {
                let catalog = match folder {
                    None => super::catalog(config, Wanted::Newest).await?.0,
                    Some(folder) => Catalog::read(&Files::of_folder(&folder)?, &config.development.portal_urls)?,
                };
                show(&catalog, json);
                Ok(())
            }
            Self::Pack { folder, into, key, note } => pack(&folder, &into, key.as_deref(), note.as_deref()),
            Self::NewKey { file, no_password } => new_key(&file, no_password),
        }
    }
}

fn show(catalog: &Catalog, json: bool) {
    let scripts = || catalog.institutions().map(|one| (one, catalog.known_script(&one.id)));
    if json {
        let shown: Value = scripts()
            .map(|(one, script)| {
                json!({
                    "institutionId": one.id,
                    "name": one.name,
                    "portalUrl": one.default_portal_url,
                    "revision": script.map(|script| &script.text.revision),
                    "hosts": script.map(|script| &script.hosts),
                })
            })
            .collect();
        outln!("{}", json!({ "institutions": shown }));
        return;
    }
    let row = |(one, script): (&domain::institution::Institution, Option<&crate::catalog::KnownScript>)| {
        let revision = script.map_or_else(|| "-".to_owned(), |script| script.text.revision.clone());
        vec![one.id.clone(), one.name.clone(), revision, one.default_portal_url.to_string()]
    };
    print_table(&["INSTITUTION", "NAME", "SCRIPT", "PORTAL"], scripts().map(row));
}

fn pack(folder: &Path, into: &Path, key: Option<&Path>, note: Option<&str>) -> Result<(), CommandError> {
    let files = Files::of_folder(folder)?;
    // What a coordinator would refuse isn't packed.
    let catalog = Catalog::read(&files, &std::collections::BTreeMap::new())?;
    let unwritten = |path: &Path, error: std::io::Error| CommandError::Said(format!("{}: {error}", path.display()));
    let bundle = packed(&files).map_err(|error| unwritten(into, error))?;
    let mut beside = into.to_owned().into_os_string();
    beside.push(SIGNATURE);
    let beside = PathBuf::from(beside);
    let (institutions, scripts) = (catalog.institutions().count(), catalog.scripts().count());
    let said = note.map_or_else(|| format!("{institutions} institutions, {scripts} scripts"), str::to_owned);
    let signature = match key {
        Some(key) => {
            let unsigned = |reason: String| CommandError::Said(format!("the bundle can't be signed: {reason}"));
            Some(signed(&bundle, &secret_key(key)?, &said).map_err(unsigned)?)
        }
        None => None,
    };
    std::fs::write(into, bundle).map_err(|error| unwritten(into, error))?;
    match &signature {
        Some(signature) => std::fs::write(&beside, signature).map_err(|error| unwritten(&beside, error))?,
        // One from before would be of another bundle.
        None if beside.exists() => std::fs::remove_file(&beside).map_err(|error| unwritten(&beside, error))?,
        None => {}
    }
    eprintln!("{} has {institutions} institutions and {scripts} scripts.", into.display());
    match signature {
        Some(_) => eprintln!("{} is its signature: keep the two beside each other.", beside.display()),
        None => eprintln!("hint: nobody has signed it yet, and coordinators take it once somebody has"),
    }
    Ok(())
}

/// A secret key of a file; its password is asked for where it has one.
fn secret_key(file: &Path) -> Result<SecretKey, CommandError> {
    let unreadable = |source| CommandError::File { path: file.display().to_string(), source };
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let boxed = || SecretKeyBox::from_string(&text);
    let none = |error: minisign::PError| CommandError::Said(format!("{} is no secret key: {error}", file.display()));
    // What has none says so itself.
    if let Ok(key) = boxed().and_then(SecretKeyBox::into_unencrypted_secret_key) {
        return Ok(key);
    }
    let password = password::known()?.expose().to_owned();
    boxed().and_then(|boxed| boxed.into_secret_key(Some(password))).map_err(none)
}

fn new_key(file: &Path, no_password: bool) -> Result<(), CommandError> {
    let unmade = |error: minisign::PError| CommandError::Said(format!("no keys could be made: {error}"));
    let pair = if no_password {
        KeyPair::generate_unencrypted_keypair().map_err(unmade)?
    } else {
        let password = password::new()?;
        if password.expose().is_empty() {
            return Err(CommandError::Said(
                "a password has a character at least; --no-password makes a key without".into(),
            ));
        }
        KeyPair::generate_encrypted_keypair(Some(password.expose().to_owned())).map_err(unmade)?
    };
    let mut public = file.to_owned().into_os_string();
    public.push(".pub");
    let public = PathBuf::from(public);
    let secret = pair.sk.to_box(Some("secret key of a catalog of Bursar")).map_err(unmade)?.into_string();
    let line = pair.pk.to_base64();
    for (path, text, mode) in [(file, secret, 0o600), (&public, pair.pk.to_box().map_err(unmade)?.into_string(), 0o644)]
    {
        let unwritten = |error: std::io::Error| CommandError::Said(format!("{}: {error}", path.display()));
        // A key that is there already isn't lost.
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(unwritten)?;
    }
    eprintln!("{} is secret; {} is for everybody:", file.display(), public.display());
    outln!("{line}");
    Ok(())
}
