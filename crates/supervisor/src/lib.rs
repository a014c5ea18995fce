//! crates/supervisor
