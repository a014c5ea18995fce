//! crates/script
