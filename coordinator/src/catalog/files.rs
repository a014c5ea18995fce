//! What a catalog has of each institution before anything of it is understood: its record, its script and its notes, from
//! a folder or from an archive.
//!
//! An archive may be anybody's: it is read as it comes and never unpacked, what it may take is bounded, and of what it
//! has only these three files of each folder are looked at.
//!
//! Not here: where an archive comes from (`source`), or what is in a record.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::{CatalogError, LARGEST_SCRIPT};

/// The name of an institution's record.
pub(super) const RECORD: &str = "institution.yaml";
/// The name of its script.
pub(super) const SCRIPT: &str = "script.yaml";
/// The name of what its authors wrote down.
pub(super) const NOTES: &str = "NOTES.md";

/// How much an archive may come to, in bytes, whatever is in it.
const LARGEST_ARCHIVE: u64 = 256 << 20;

/// How many institutions a catalog may have.
const INSTITUTIONS_AT_MOST: usize = 50_000;

/// The files of a catalog, by the name of the folder that they are in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Where they are, for people.
    pub(super) place: PathBuf,
    pub(super) folders: BTreeMap<String, Folder>,
}

/// What is in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) record: Option<Vec<u8>>,
    pub(super) script: Option<Vec<u8>>,
    pub(super) notes: Option<Vec<u8>>,
}

impl Folder {
    /// A file by its name; none for one that nobody asks for.
    fn file(&mut self, name: &str) -> Option<&mut Option<Vec<u8>>> {
        match name {
            RECORD => Some(&mut self.record),
            SCRIPT => Some(&mut self.script),
            NOTES => Some(&mut self.notes),
            _ => None,
        }
    }
}

impl Files {
    /// Those of a folder of this machine. Folders without a record are passed over.
    ///
    /// # Errors
    /// [`CatalogError`] names the file.
    pub fn of_folder(folder: &Path) -> Result<Self, CatalogError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| CatalogError::Unreadable { path, source }
        };
        let mut files = Self { place: folder.to_owned(), folders: BTreeMap::new() };
        for item in std::fs::read_dir(folder).map_err(unreadable(folder))? {
            let item = item.map_err(unreadable(folder))?.path();
            if !item.join(RECORD).is_file() {
                continue;
            }
            let name = item.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut found = Folder::default();
            for file in [RECORD, SCRIPT, NOTES] {
                let path = item.join(file);
                if let Some(kept) = found.file(file).filter(|_| path.is_file()) {
                    let opened = std::fs::File::open(&path).map_err(unreadable(&path))?;
                    *kept = Some(bounded(opened, &path)?);
                }
            }
            files.folders.insert(name, found);
        }
        Ok(files)
    }

    /// Those of a tar archive, below the folder `top` of it. `place` is where it is from, for people.
    ///
    /// # Errors
    /// [`CatalogError`] for what is no archive, is too large, or has a file twice or as a link.
    pub(super) fn of_archive(archive: impl Read, place: &Path, top: &str) -> Result<Self, CatalogError> {
        let mut files = Self { place: place.to_owned(), folders: BTreeMap::new() };
        let broken = |source| CatalogError::Unreadable { path: place.to_owned(), source };
        let mut left = archive.take(LARGEST_ARCHIVE);
        let mut archive = tar::Archive::new(&mut left);
        for entry in archive.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let path = entry.path().map_err(broken)?.into_owned();
            let Some((folder, name)) = within(&path, top) else { continue };
            let refused = |reason: &str| Err(files_refused(place, &path, reason));
            let of = files.folders.len();
            let found = files.folders.entry(folder).or_default();
            let Some(kept) = found.file(&name) else { continue };
            if !entry.header().entry_type().is_file() {
                return refused("is no file of its own");
            }
            if kept.is_some() {
                return refused("is in it twice");
            }
            if of >= INSTITUTIONS_AT_MOST {
                return refused("is one institution too many");
            }
            *kept = Some(bounded(entry, &place.join(&path))?);
        }
        if left.limit() == 0 {
            return Err(files_refused(place, Path::new(""), "is too large"));
        }
        files.folders.retain(|_, folder| folder.record.is_some());
        Ok(files)
    }

    /// What tells other files from these, wherever they are.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        for (name, Folder { record, script, notes }) in &self.folders {
            for part in [Some(name.as_bytes()), record.as_deref(), script.as_deref(), notes.as_deref()] {
                // Each with its length, so that no two run together.
                digest
                    .update(part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX)).to_be_bytes());
                digest.update(part.unwrap_or_default());
            }
        }
        digest.finalize().into()
    }

    /// As a tar archive that has the same bytes whoever writes it, and when.
    pub(super) fn write_archive(&self, out: impl std::io::Write) -> std::io::Result<()> {
        let mut archive = tar::Builder::new(out);
        for (folder, files) in &self.folders {
            for (name, file) in [(RECORD, &files.record), (SCRIPT, &files.script), (NOTES, &files.notes)] {
                let Some(bytes) = file else { continue };
                let mut header = tar::Header::new_ustar();
                header.set_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
                header.set_mode(0o644);
                header.set_mtime(0);
                archive.append_data(&mut header, format!("{folder}/{name}"), bytes.as_slice())?;
            }
        }
        archive.into_inner().map(|_| ())
    }
}

/// The institution's folder and the file in it, of a path below `top`; none for whatever lies elsewhere.
fn within(path: &Path, top: &str) -> Option<(String, String)> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let top: Vec<&str> = top.split('/').filter(|part| !part.is_empty()).collect();
    match parts.strip_prefix(top.as_slice())? {
        [folder, file] => Some(((*folder).to_owned(), (*file).to_owned())),
        _ => None,
    }
}

fn bounded(file: impl Read, path: &Path) -> Result<Vec<u8>, CatalogError> {
    let unreadable = |source| CatalogError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST_SCRIPT + 1).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > LARGEST_SCRIPT {
        return Err(CatalogError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

fn files_refused(place: &Path, path: &Path, reason: &str) -> CatalogError {
    CatalogError::Archive { place: place.to_owned(), path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tar::{Builder, EntryType, Header};

    use super::{CatalogError, Files, LARGEST_SCRIPT};

    /// An archive of these paths, each with as many bytes.
    fn archive(entries: &[(&str, EntryType, usize)]) -> Vec<u8> {
        let mut archive = Builder::new(Vec::new());
        for (path, kind, size) in entries {
            let mut header = Header::new_ustar();
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(u64::try_from(*size).expect("a size"));
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, vec![b'x'; *size].as_slice()).expect("an entry");
        }
        archive.into_inner().expect("an archive")
    }

    fn read(entries: &[(&str, EntryType, usize)], top: &str) -> Result<Vec<String>, CatalogError> {
        let files = Files::of_archive(archive(entries).as_slice(), Path::new("a.tar"), top)?;
        Ok(files.folders.into_keys().collect())
    }

    const FILE: EntryType = EntryType::Regular;

    #[test]
    fn an_archive_has_what_lies_in_folders_with_a_record() {
        let entries = [
            ("./harbour/institution.yaml", FILE, 3),
            ("harbour/script.yaml", FILE, 3),
            ("harbour/pages/1.html", FILE, 3),
            ("granary/script.yaml", FILE, 3),
            ("institution.yaml", FILE, 3),
            ("README.md", EntryType::Symlink, 0),
        ];
        assert_eq!(read(&entries, "").expect("files"), ["harbour"]);
        let entries = [("a/b/harbour/institution.yaml", FILE, 3), ("c/kontor/institution.yaml", FILE, 3)];
        assert_eq!(read(&entries, "a/b").expect("files"), ["harbour"]);
    }

    #[test]
    fn what_leads_out_of_an_archive_is_none_of_it() {
        let entries = [("../harbour/institution.yaml", FILE, 3), ("/etc/institution.yaml", FILE, 3)];
        assert_eq!(read(&entries, "").expect("files"), [] as [&str; 0]);
    }

    #[test]
    fn links_and_what_is_there_twice_are_refused() {
        let is_refused = |entries: &[(&str, EntryType, usize)]| {
            let read = read(entries, "");
            assert!(matches!(read, Err(CatalogError::Archive { .. })), "{read:?}");
        };
        is_refused(&[("harbour/institution.yaml", EntryType::Symlink, 0)]);
        is_refused(&[("harbour/script.yaml", EntryType::Link, 0)]);
        is_refused(&[("harbour/institution.yaml", FILE, 3), ("harbour/institution.yaml", FILE, 3)]);
    }

    #[test]
    fn a_record_is_as_large_as_a_script_at_most() {
        assert!(read(&[("harbour/institution.yaml", FILE, LARGEST_SCRIPT)], "").is_ok());
        let read = read(&[("harbour/institution.yaml", FILE, LARGEST_SCRIPT + 1)], "");
        assert!(matches!(read, Err(CatalogError::TooLarge { .. })), "{read:?}");
    }

    #[test]
    fn an_archive_that_would_fill_a_disk_is_given_up() {
        // As much as an archive may come to, of which nobody asks for a byte.
        let mut bytes = archive(&[("harbour/institution.yaml", FILE, 3)]);
        bytes.truncate(bytes.len() - 1024);
        let mut header = Header::new_ustar();
        header.set_path("harbour/pages/huge.html").expect("a path");
        header.set_entry_type(FILE);
        header.set_size(super::LARGEST_ARCHIVE);
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        let endless = std::io::Read::chain(bytes.as_slice(), std::io::repeat(0));
        assert!(Files::of_archive(endless, Path::new("a.tar"), "").is_err());
    }
}
