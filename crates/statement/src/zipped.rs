//! A zip archive with statement files in it: each is unpacked by itself, within bounds, and read as if it stood alone.
//!
//! Names in the archive decide nothing, so a path can lead nowhere. Sizes are believed only to refuse early; what counts
//! is what comes out.
//!
//! Not here: archives in archives, passwords, and methods other than stored and deflated.

use std::io::Read;

use flate2::bufread::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive};

use crate::how::How;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::Statement;

/// Deflate makes at most 1,032 bytes of one.
const HIGHEST_RATIO: u64 = 1_032;

/// Whether the bytes begin as an archive does.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    [b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"].iter().any(|mark| bytes.starts_with(*mark))
}

pub(crate) fn read(bytes: &[u8], how: &How, meter: &mut Meter) -> Result<Vec<Statement>, StatementError> {
    let archive = ZipArchive::from_slice(bytes).map_err(|_| damaged())?;
    let mut entries = archive.entries();
    let mut statements = Vec::new();
    let mut read_any = false;
    while let Some(entry) = entries.next_entry().map_err(|_| damaged())? {
        let number = meter.packed_file()?;
        // What macOS adds to archives are not files of the bank's.
        if entry.is_dir() || entry.file_path().as_bytes().starts_with(b"__MACOSX/") {
            continue;
        }
        let found = unpack(&archive, &entry, meter).map_err(|refusal| StatementError::from(refusal).in_file(number))?;
        read_any = true;
        statements.extend(crate::read_file(&found, how, meter).map_err(|error| error.in_file(number))?);
    }
    if !read_any {
        return Err(refused("the archive holds no file").into());
    }
    Ok(statements)
}

fn unpack(
    archive: &ZipSliceArchive<&[u8]>,
    entry: &rawzip::ZipFileHeaderRecord<'_>,
    meter: &mut Meter,
) -> Result<Vec<u8>, Refusal> {
    if entry.flags().is_encrypted() {
        return Err(refused("the archive is locked with a password"));
    }
    let left = meter.left_to_unpack().min(meter.bounds().bytes);
    let (declared, packed) = (entry.uncompressed_size_hint(), entry.compressed_size_hint());
    meter.will_unpack(declared)?;
    if declared > packed.saturating_add(1).saturating_mul(HIGHEST_RATIO) {
        return Err(damaged());
    }
    let method = entry.compression_method();
    let local = archive.get_entry(entry.wayfinder()).map_err(|_| damaged())?;
    let mut found = Vec::new();
    let outcome = if method == CompressionMethod::STORE {
        local.verifying_reader(local.data()).take(left.saturating_add(1)).read_to_end(&mut found)
    } else if method == CompressionMethod::DEFLATE {
        let reader = local.verifying_reader(DeflateDecoder::new(local.data()));
        reader.take(left.saturating_add(1)).read_to_end(&mut found)
    } else {
        return Err(refused("the archive is packed in a way that is not read"));
    };
    let unpacked = u64::try_from(found.len()).unwrap_or(u64::MAX);
    meter.file(found.len())?;
    meter.unpacked(unpacked)?;
    outcome.map_err(|_| damaged())?;
    if is_archive(&found) {
        return Err(refused("the archive holds another archive"));
    }
    Ok(found)
}

fn damaged() -> Refusal {
    refused("the archive is damaged")
}

fn refused(what: &'static str) -> Refusal {
    Refusal::Archive { what }
}
