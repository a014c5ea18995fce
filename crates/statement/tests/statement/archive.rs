//! Zip archives.
//!
//! Not here: the files in them.

use std::io::Write;

use rawzip::{CompressionMethod, ZipArchiveWriter};
use statement::{Bounds, How, read};

use crate::{check_refused, read_all};

const DAY: &str = include_str!("../samples/day.bai");
const MONTH: &str = include_str!("../samples/month.mt940");

/// An archive of files, deflated.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let file = writer.new_file(*name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().expect("an entry");
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::best());
        let mut packed = config.wrap(encoder);
        packed.write_all(content).expect("memory");
        let (encoder, descriptor) = packed.finish().expect("memory");
        encoder.finish().expect("memory");
        entry.finish(descriptor).expect("an entry");
    }
    writer.finish().expect("an archive");
    bytes
}

#[test]
fn every_file_of_an_archive_is_read() {
    let bytes =
        archive(&[("a/day.bai", DAY.as_bytes()), ("__MACOSX/._day.bai", b"?"), ("../../etc/x", MONTH.as_bytes())]);
    assert_eq!(read_all(&bytes).len(), 3);
}

#[test]
fn a_refusal_names_the_file() {
    let bytes = archive(&[("a", DAY.as_bytes()), ("b", DAY.replace("49,716160", "49,716161").as_bytes())]);
    check_refused(&bytes, "file 2, statement 1, line 12: the account's control total (49) doesn't hold");
}

#[test]
fn an_archive_in_an_archive_is_refused() {
    let inner = archive(&[("a", DAY.as_bytes())]);
    check_refused(&archive(&[("b", &inner)]), "file 1: the archive holds another archive");
}

#[test]
fn a_bomb_is_refused_by_its_sizes_and_by_what_comes_out() {
    let bounds = Bounds { unpacked_bytes: 1 << 20, ..Bounds::default() };
    let how = How::detect().with_bounds(bounds);
    let bomb = archive(&[("a", &vec![b' '; 2 << 20])]);
    let expected = "file 1: the file passes the bound of 1048576 unpacked bytes";
    assert_eq!(read(&bomb, &how).expect_err("a bomb").to_string(), expected);
    // The same with a size that lies: what is written in the central directory and behind the data.
    let lying: Vec<u8> = replaced(&bomb, &(2u32 << 20).to_le_bytes(), &10u32.to_le_bytes());
    assert_ne!(lying, bomb);
    let refused = read(&lying, &how).expect_err("a bomb").to_string();
    assert!(refused == expected || refused == "file 1: the archive is damaged", "{refused}");
    // Many small ones together.
    let many = archive(&[("a", DAY.as_bytes()), ("b", &vec![b' '; (1 << 20) - 100])]);
    assert_eq!(read(&many, &how).expect_err("together").to_string(), expected.replace("file 1", "file 2"));
}

#[test]
fn more_files_than_the_bound_are_refused() {
    let files: Vec<(&str, &[u8])> = (0..101).map(|_| ("a", DAY.as_bytes())).collect();
    check_refused(&archive(&files), "the file passes the bound of 100 files in an archive");
}

#[test]
fn damaged_and_empty_archives_are_refused() {
    let bytes = archive(&[("a", DAY.as_bytes())]);
    let damaged = "the archive is damaged";
    check_refused(bytes.get(..bytes.len() / 2).expect("a half"), damaged);
    check_refused(&archive(&[]), "the archive holds no file");
    check_refused(&archive(&[("a", b"")]), "file 1: the file is empty");
    let crc = replaced(&bytes, &bytes[bytes.len() - 60..bytes.len() - 56], b"\0\0\0\0");
    if crc != bytes {
        assert!(read(&crc, &How::detect()).is_err());
    }
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes.get(at..at + from.len()) == Some(from) {
            replaced.splice(at..at + from.len(), to.iter().copied());
        }
    }
    replaced
}
